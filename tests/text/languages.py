"""Texts of many languages and scripts, and what makes texts hard."""

TEXTS = [
    "The quick brown fox, jumps over the lazy dog!",
    "Straße und GROẞE Öfen; Ärger",
    "İstanbul'da ILIK bir ırmak",
    "ΟΔΥΣΣΕΥΣ ὁ σοφός Σίσυφος",
    "Съешь же ещё этих мягких французских булок",
    "مرحبا بالعالم، كيف الحال؟",
    "שָׁלוֹם עולם־טוב",
    "नमस्ते दुनिया। क्या हाल है?",
    "สวัสดีชาวโลก ทดสอบ",
    "你好,世界。天气很好",
    "こんにちは 世界!テスト",
    "안녕하세요 세계 여러분",
    "emoji 👩‍👩‍👧‍👦 🇩🇪 ok👍🏽",
    "e\u0301cole cafe\u0301 Å",
    "a\u00a0no-break\u2003em\u3000ideographic\u2028line\u0085next",
    "tab\tnew\nline\r\n vertical\x0bform\x0cend  ",
    "\x1c\x1d\x1e\x1f separators \x00nul",
    "",
    "   ",
    "…—!?.,;:'\"`~@#$%^&*()[]{}<>|\\/_-+=",
    "[UNK] the The THE the",
    "zero\u200bwidth \ufeffmark",
]
"""Valid texts."""
BYTES = [
    *(text.encode() for text in TEXTS),
    b"\xff\xfe bad",
    b"cut \xe2\x82",
    b"a\xc0\xafb \xed\xa0\x80 \xf5\x80\x80\x80",
    b"\x80",
]
"""The same in UTF-8, and bytes that are none."""
