"""Writes tokens.json: lines and what Python's str.lower, re and str.split make of them.

    python3 make_tokens.py > tokens.json
"""
import json
import random
import re
import sys
import unicodedata

# Behind the first character of a word or symbol: combining marks and joiners.
BEHIND = "[" + "".join(re.escape(chr(c)) for c in range(sys.maxunicode) if unicodedata.category(chr(c))[0] == "M") + "\u200c\u200d]"
# An emoji that a zero width joiner follows takes the next emoji with it.
SYMBOL = rf"(?:👍(?:{BEHIND}*\u200d👍)*|[^\w\s]|_){BEHIND}*"
ALNUM = rf"[^\W_](?:[^\W_]|{BEHIND})*"
WORD = re.compile(rf"{ALNUM}(?:['’]{ALNUM})*|(?<!\S)<unk>(?!\S)|{SYMBOL}")

LINES = [
    "Two grey owls aren't asleep; they're counting mice.",
    "the painter's ladder (it's blue!) leans on a wall , nobody knows why",
    "rock 'n' roll o'clock '' ' d'' 'tis dogs' l'été d’Avignon ’ x’’y x'’y",
    "snake_case __init__ _a_ 3_4 _",
    "3.5 kg, 1,000,000 lines, 50% off, v2.0-rc1, 10:45, 7'6 x2y3",
    "½ cup ² ³ ① Ⅻ ٣٤ 九 千 〇 ໓",
    "Ελλάδα: ΟΔΥΣΣΕΥΣ ΣΑΣ. Σ Σ' 'ΑΣ' ΑΣ'Α ΑΣ’ aΣ\u0301 aΣ\u0301b",
    "İstanbul IŞIK ıI ǅ ẞ ß ﬁ Å",
    "Привет, мир! 你好，世界。 こんにちは 안녕하세요 สวัสดี नमस्ते",
    "cafe\u0301 na\u00efve e\u0301'e\u0301 a\u200db \u00adsoft\u00adhyphen",
    "ok🙂ok ☕️ ♥",
    "किताबें पढ़ना می‌خواهم ที่นี่ e\u0301te\u0301 n\u0303 \u0301x ,\u0301",
    "the <unk> of <unk>, (<unk>) a<unk> <UNK>",
    "tabs\tand\u00a0no-break\u2003em\u3000wide\u1680ogham\u2028line\u0085next\x1cfile\x1funit",
    "<eos> <pad> <unk> <bos> </s> [MASK] &amp; http://a.example/b?c=d#e a@b.example",
    "«quoted» “so” ‘and’ –— … !? ?! ... ,, ()[]{} $5 €7 a+b=c a/b a\\b *~^`|",
    "   leading and trailing   ",
    "",
    " ",
]

ALPHABET = list("aB3_'’.,!( )-%İΣσé½٣九ǅ👍") + ["\u0301", "\u200d", "\u00a0", "\x1d", "\u0130", "ʰ"]


def main():
    rng = random.Random(20240229)
    lines = LINES + ["".join(rng.choices(ALPHABET, k=rng.randint(1, 14))) for _ in range(250)]
    rows = [{"line": s, "word": WORD.findall(s.lower()), "whitespace": s.lower().split()} for s in lines]
    print("[\n" + ",\n".join(json.dumps(r) for r in rows) + "\n]")


main()
