"""A Freshsales (Freshworks CRM) server on this machine.

Start from `server` (`running`, `serve`), `app` (`create_app`), `config` and `behaviour` (what can be set) and `seed`
(a ready practice).
"""
