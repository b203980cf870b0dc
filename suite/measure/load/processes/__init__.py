"""One phase sent from several processes, each on a core of its own."""
