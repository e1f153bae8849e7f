"""A HighLevel (GoHighLevel API v2) server on this machine.

Start from `server` (`running`, `serve`), `app` (`create_app`), `config` (what can be set) and `seed` (a ready
practice).
"""
