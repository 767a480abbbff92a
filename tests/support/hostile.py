"""What a web form, a broken exporter or an attacker may send where a lead is expected.

Each value is JSON text as bytes, because some of them are no JSON at all, or none that a library
would write. `TEXTS` are those that are well-formed texts, for entries that are no JSON.
"""

from __future__ import annotations

import json

MEGABYTE = 1024 * 1024

TEXTS: dict[str, str] = {
    "script": "<script>alert(1)</script>",
    "attribute": "\"'><img src=x onerror=alert(1)>",
    "template": "{{7*7}}${7*7}#{7*7}<%= 7*7 %>",
    "sql": "'; DROP TABLE leads; --",
    "sql pattern": "%_\\' OR 1=1",
    "formula": '=HYPERLINK("http://evil.example","click")',
    "formula plus": "+1+cmd|' /C calc'!A0",
    "formula minus": "-2+3",
    "formula at": "@SUM(1+1)",
    "formula tab": "\t=1+1",
    "full width formula": "\uff1d1+1",
    "new lines": "a\r\nset-cookie: x=1\r\n\r\n<b>b</b>",
    "control characters": "\x01\x07\x08\x1b[31mred\x7f\x85",
    "right to left": "\u202etxt.exe\u2066\u200f",
    "unseen": "\u200b\ufeff\u00ad\u2060",
    "combining": "Z" + "\u0351" * 500,
    "beyond the plane": "\U0001f4a9\U0010ffff" * 20,
    "noncharacters": "\ufffe\uffff",
    "path": "../../../../etc/passwd",
    "only blanks": " \u00a0\u2003 ",
    "long": "y" * 9_999,
    "unicode digits": "\u0661\u0662\u0663",
    "json in a text": '{"$where": "1", "__proto__": {"x": 1}}',
    "python": "__import__('os').system('true')",
    "number in a text": "1e309",
}
"""Well-formed texts: to be kept and given back as they are, or refused."""

ODD: dict[str, bytes] = {
    "null byte": rb'"a\u0000b"',
    "too long a text": b'"' + b"x" * 10_001 + b'"',
    "400 digits": b"9" * 400,
    "64 bits and one": b"18446744073709551616",
    "minus zero": b"-0.0",
    "smallest number": b"5e-324",
    "minus one": b"-1",
    "true": b"true",
    "null": b"null",
    "an object": b'{"a": {"b": [1, 2, {"c": null}]}}',
    "a list": b'["a", 1, null, [], {}]',
    "empty text": b'""',
    "short year": b'"0001-01-01T00:00:00+23:59"',
}
"""JSON of other kinds, and texts that no store takes."""

BROKEN: dict[str, bytes] = {
    "lone surrogate": rb'"\ud800"',
    "swapped surrogates": rb'"\udc00\ud800"',
    "no UTF-8": b'"\xff\xfe\x80"',
    "overlong UTF-8": b'"\xc0\xaf"',
    "not a number": b"NaN",
    "infinity": b"Infinity",
    "minus infinity": b"-Infinity",
    "1e400": b"1e400",
    "5,000 digits": b"9" * 5_000,
    "trailing comma": b"[1,]",
    "a comment": b'"a" /* b */',
    "single quotes": b"'a'",
    "nested 100,000 deep": b"[" * 100_000 + b"]" * 100_000,
    "objects 100,000 deep": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "five megabytes": b'"' + b"x" * (5 * MEGABYTE) + b'"',
    "ten megabytes": b'"' + b"x" * (10 * MEGABYTE) + b'"',
}
"""What is no JSON, or too much of it: it fails before anybody asks which field it is."""


def as_json(texts: dict[str, str]) -> dict[str, bytes]:
    """Texts as JSON."""
    return {name: json.dumps(text).encode() for name, text in texts.items()}
