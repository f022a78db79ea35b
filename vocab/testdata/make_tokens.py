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
WORD = re.compile(rf"{ALNUM}(?:['’]{ALNUM})*|(?<!\S)<unk>(?!\S)")
ADDRESS = re.compile(rf"(?:https?://|ftp://|www\.)(?=[^\W_])((?:{ALNUM}|[-._~:/?#\[\]@!$&()*+,;=%]{BEHIND}*)+)")
TAGGED = re.compile(rf"[@#]\w(?:\w|{BEHIND})*")
SYMBOL = re.compile(SYMBOL)


def address(line, at):
    """The web address at a place, without the punctuation of the sentence around it."""
    m = ADDRESS.match(line, at)
    if not m:
        return None
    found, rest = m[0], m[1]
    while rest[-1] in ".,:;!?*_~" or any(rest[-1] == c and rest.count(c) > rest.count(o) for o, c in ("()", "[]")):
        found, rest = found[:-1], rest[:-1]
    return found


def tagged(line, at):
    """The mention or hashtag at a place: one has a letter or number, the other a letter."""
    m = TAGGED.match(line, at)
    kinds = "LN" if line[at] == "@" else "L"
    return m[0] if m and any(unicodedata.category(c)[0] in kinds for c in m[0]) else None


def words(line):
    tokens, at, touches = [], 0, False  # touches: a token that is no symbol ends here
    while at < len(line):
        if line[at].isspace():
            at, touches = at + 1, False
            continue
        m = WORD.match(line, at)
        token = address(line, at) or (m[0] if m else None if touches else tagged(line, at))
        touches = token is not None
        tokens.append(token or SYMBOL.match(line, at)[0])
        at += len(tokens[-1])
    return tokens

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
    "https://a.b/c?d=1 @you #tag (https://a.b/c_(d)), see www.x.org. HTTPS://A.B/É? 'http://x.y' http:// www. https://.a",
    "@a@b #a#b #1 #1a @1 @_ #_ #_a @_a_ a@b a#b a'#b @@you ##x ,#x,@y. @a's #l'été @you: hi,@me!@us https://a.b/@x#y) [www.z.org/[k]]",
    "#हिन्दी_में @a\u0301b #\u0301a @\u200da C# #️⃣ mail x.y@z.example ftp://f.g/h;i=1, xhttp://a.b www.a..b... <a href=\"http://q.r\">",
    "   leading and trailing   ",
    "",
    " ",
]

PIECES = ["http://", "www.", "https://a.", "@", "#", "(", ")", "[", "]", "_", "a", "É", "1", ".", ",", "'", " ", "\u0301", "/", "?", "👍", "²"]
ALPHABET = list("aB3_'’.,!( )-%İΣσé½٣九ǅ👍") + ["\u0301", "\u200d", "\u00a0", "\x1d", "\u0130", "ʰ"]


def main():
    rng = random.Random(20240229)
    lines = LINES + ["".join(rng.choices(ALPHABET, k=rng.randint(1, 14))) for _ in range(250)]
    lines += ["".join(rng.choices(PIECES, k=rng.randint(2, 12))) for _ in range(250)]
    rows = [{"line": s, "word": words(s.lower()), "whitespace": s.lower().split()} for s in lines]
    print("[\n" + ",\n".join(json.dumps(r) for r in rows) + "\n]")


main()
