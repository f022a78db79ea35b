"""Writes ptb.json, pairs of a line and its tokens, for PTB.

    python3 make_ptb.py [SEED LINES]        (NLTK 3.8)

The lines are invented: a few sentences, and random chains of pieces that the
rules treat specially. With arguments the pairs go to standard output, for a
longer comparison.
"""
import json
import random
import sys

import nltk
from nltk.tokenize import NLTKWordTokenizer

assert nltk.__version__ == "3.8"

SENTENCES = [
    "", " ", "kite", "The red kite turned over the hill.", "The kite (a red one) fell.",
    'She said: "It\'s mine," and left.', "'Tis late; 'twas early.", "I cannot, I'm gonna, and I wanna go.",
    "Prices rose 3.5%, to $1,200.50 (from $1,100)...", "We've got a kite -- they'd've had two.",
    "D'ye see more'n me? Gimme that, lemme look, I gotta!", "“Curly” quotes and ‘single’ ones; «those» too.",
    "Dr. Fell moved to the U.S.A.", "don't won't DON'T can't", "the dogs' bowls 'quoted words' and ''doubled''",
    "wait...what?! no.", "a.b.c. d.e.", 'He wrote "done."', "He wrote (done.)", "12:30, 1,2,3 and a:b", "mail a@b.c & co #1 *star*",
    "``old'' style `single' quotes", "İT 'tıs 'TWAſ gİmme", "trailing comma,", "colon:", "1,", ".", "..", ". .", ".)", "x.)\t", "'", "''", "' '", "a ' b", "rock 'n' roll",
]
PIECES = [
    "a", "b", "I", "3", "14", "kite", "the", "red", ".", "..", "...", ",", ":", ";", "?", "!", "'", "''", "`", "``", '"', "-", "--", "(", ")", "[", "]",
    "{", "}", "<", ">", "@", "#", "$", "%", "&", "*", "_", "/", "’", "‘", "“", "”", "«", "»", "„", "é", "½", "´", "ſ", "ı", "İ", "漢", "\u0301", "\u00a0", "\t", "\x1c",
    "cannot", "Can", "NOT", "d'ye", "gimme", "gonna", "gotta", "lemme", "more'n", "wanna", "'tis", "'twas", "'s", "'S", "'m", "'d", "'ll", "'RE", "'ve", "n't", "N'T", "'t", "'n",
    " ", " ", " ", " ", " ", " ", " ", " ", " ", " ", " ", " ", " ", " ", " ", " ", " ", " ", " ", " ",
]


def chains(rng, count):
    for _ in range(count):
        yield "".join(rng.choice(PIECES) for _ in range(rng.randrange(1, 22)))


tokenize = NLTKWordTokenizer().tokenize
if len(sys.argv) > 1:
    for line in chains(random.Random(int(sys.argv[1])), int(sys.argv[2])):
        print(json.dumps([line, tokenize(line)]))
else:
    lines = SENTENCES + list(chains(random.Random(5), 400))
    with open("ptb.json", "w") as f:
        json.dump([[x, tokenize(x)] for x in lines], f, indent=None, separators=(",", ":"))
        f.write("\n")
