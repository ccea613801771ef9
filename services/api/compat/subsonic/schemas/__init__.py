"""Requests and responses of OpenSubsonic's methods, with its field names: https://opensubsonic.netlify.app."""
