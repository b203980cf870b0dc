"""The site: static pages of verified submissions, made again only where something changed."""
