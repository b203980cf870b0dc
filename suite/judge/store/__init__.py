"""A database of runs: cards, their numbers, and the evidence behind them where it is at hand.

SQLAlchemy, Alembic and ruptures are the optional extra ``store``; `suite.judge.store.database` says so where they are not
installed. The tables are the user's own view of verified and of own, unsigned runs: no verdict is ever read from them.
"""
