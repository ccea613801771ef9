"""Folding of words and names, so that case, accents and punctuation do not matter in comparisons."""

import re
import unicodedata

CJK = "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
"""Ranges of Japanese and Chinese characters in a regular expression; these scripts have no spaces between words."""

_WORDS = re.compile(rf"\d+|[{CJK}]|(?:(?![{CJK}\d_])\w)+")
_CJK = re.compile(rf"[{CJK}]")

# Letters that are no base letter with an accent to Unicode.
_OTHER = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "æ": "ae", "œ": "oe", "ı": "i", "’": "'", "ʼ": "'", "`": "'"})


def fold(word: str) -> str:
    """Return a word in lower case and without accents."""
    if word.isascii():
        return word.lower()
    if _CJK.match(word):  # the marks of kana distinguish syllables
        return word
    parts = unicodedata.normalize("NFD", word.casefold().translate(_OTHER))
    return "".join(letter for letter in parts if not unicodedata.combining(letter))


def name_key(name: str) -> str:
    """Return a key that is equal for names that differ only in case, accents, punctuation or spaces."""
    normal = unicodedata.normalize("NFKC", name)
    return " ".join(fold(word) for word in _WORDS.findall(normal))
