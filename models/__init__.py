"""Models of sound: audio in, numbers out. Database models live in `services.catalog`.

Everything here is pure: no network, no database, no web framework, no queue. The one call that the rest of
Segue uses is `models.analysis.analyse`.
"""
