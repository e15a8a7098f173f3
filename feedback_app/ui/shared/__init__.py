"""What several pages share: templates, navigation, the three steps, notices, confirmations, the theme.

`static/` holds the scripts and styles of every page, `templates/` their HTML. Imports services and the domain, no other room.
"""
