// Writes what Hugging Face's library tokenizers makes of lines.
//
//   npm install tokenizers@0.23.2                      # in a folder of its own, from where this runs
//   node make_subwords.mjs > subwords.json             # tables trained on the lines below, for the tests
//   node make_subwords.mjs TOKENIZER.JSON LINES.TXT > compare.json
//   TEXTGAN_SUBWORD_PEER=compare.json go test -v -run Subwords ./vocab
import fs from "fs";
import os from "os";
import path from "path";
import {createRequire} from "module";

const {Tokenizer, BPE, byteLevelPreTokenizer, byteLevelAlphabet, bertPreTokenizer, bertNormalizer} =
  createRequire(path.join(process.cwd(), "x.js"))("tokenizers");

const LINES = [
  "The painters' ladders aren't leaning on the wall; they're leaning on the gate, and it's late.",
  "the painter paints the walls and the other painter's walls, THE END'S near, WE'LL see we'll see",
  "  two  spaces   three\tand a tab \t\t mixed  ", "x", "   ", " lead", "trail ", "a\u00a0b\u3000c\u2003d",
  "3.14 and 1,000,000 and ½ ² ٣٤ Ⅻ x2y3 50% $5 €7", "snake_case __init__ a.b(c)[d]{e} <unk> <|endoftext|> [CLS] [MASK] ##ing",
  "Die Bäume stehen größer da, als man's glaubt; Straße, ÄÖÜ, naïve café cafe\u0301 ﬁ Å İstanbul ΟΔΥΣΣΕΥΣ",
  "Файл содержит строки, которые надо прочитать; ещё файл: «строки» — ёЙй.", "一个男人，骑着马。“你好！”（笑） 日本語のテキスト、カタカナ。 한국어 텍스트 𠀀𪚥",
  "नमस्ते दुनिया, ที่นี่สวย", "👩‍🚀👍🏽 ok🙂ok 🇫🇷 ☕️", "zero\u200bwidth soft\u00adhyphen \u200e bidi \ufffd bad", "'s't're 've 'm 'll 'd ''s 'S don''t", "a\u0001b \u0085 c",
  "antidisestablishmentarianism ".repeat(3), "w".repeat(101) + " " + "w".repeat(100), "the the the the painting painted paints painters", "/usr/local/bin --help=yes; a&&b || c != d -> e",
];

const bl = prefix => ({type: "ByteLevel", add_prefix_space: prefix, trim_offsets: true, use_regex: true});

// The API has no ByteLevel decoder, so the files are written, not saved.
const bpeFile = (model, prefix) => ({version: "1.0", truncation: null, padding: null, added_tokens: [], normalizer: null, pre_tokenizer: bl(prefix), post_processor: null, decoder: bl(prefix), model});

// The merges that the library learns of lines: every pair that occurs, most frequent first.
function merges(lines) {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "subwords")), text = path.join(dir, "text"), out = path.join(dir, "out.json");
  fs.writeFileSync(text, lines.join("\n"));
  const t = new Tokenizer(BPE.empty());
  t.setPreTokenizer(byteLevelPreTokenizer(false));
  t.train([text]);
  t.save(out);
  const learnt = JSON.parse(fs.readFileSync(out)).model.merges;
  fs.rmSync(dir, {recursive: true});
  return learnt.map(m => Array.isArray(m) ? m.join(" ") : m);
}

function bpe(merges) {
  const vocab = Object.fromEntries(byteLevelAlphabet().sort().map((c, i) => [c, i]));
  for (const m of merges) vocab[m.replace(" ", "")] ??= Object.keys(vocab).length;
  return {type: "BPE", dropout: null, unk_token: null, continuing_subword_prefix: null, end_of_word_suffix: null, fuse_unk: false, byte_fallback: false, ignore_merges: false, vocab, merges};
}

function wordPieces(lower) {
  const vocab = {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "[MASK]": 4};
  const normal = bertNormalizer({lowercase: lower});
  const add = t => (vocab[t] ??= Object.keys(vocab).length);
  for (const l of LINES.slice(0, 14)) for (const [w] of bertPreTokenizer().preTokenizeString(normal.normalizeString(l))) {
    const c = [...w];
    if (c.length > 20) continue;
    c.forEach((x, i) => add(i ? "##" + x : x));
    for (let i = 2; i < c.length; i += 3) { add(c.slice(0, i).join("")); add("##" + c.slice(i).join("")); }
  }
  return {version: "1.0", truncation: null, padding: null,
    added_tokens: [], normalizer: {type: "BertNormalizer", clean_text: true, handle_chinese_chars: true, strip_accents: null, lowercase: lower},
    pre_tokenizer: {type: "BertPreTokenizer"}, post_processor: null, decoder: {type: "WordPiece", prefix: "##", cleanup: true},
    model: {type: "WordPiece", unk_token: "[UNK]", continuing_subword_prefix: "##", max_input_chars_per_word: 100, vocab}};
}

async function rows(file, lines) {
  const t = Tokenizer.fromString(file), out = [];
  for (const line of lines) {
    const e = await t.encode(line, null, {addSpecialTokens: false});
    out.push({line, tokens: e.getTokens(), text: await t.decode(e.getIds(), false)});
  }
  return {tokenizer: file, rows: out};
}

const cases = [];
if (process.argv.length > 2) {
  const lines = fs.readFileSync(process.argv[3], "utf8").split("\n");
  if (lines.at(-1) === "") lines.pop();
  const compare = await rows(fs.readFileSync(process.argv[2], "utf8"), lines);
  // A BPE is trained on the lines too; of the ends of lines the library makes pieces.
  if (JSON.parse(compare.tokenizer).model.type === "BPE") compare.merges = merges(lines);
  cases.push(compare);
} else {
  const learnt = merges(LINES);
  for (const file of [bpeFile(bpe(learnt.slice(0, 150)), false), bpeFile(bpe(learnt.slice(0, 40)), true), wordPieces(true), wordPieces(false)]) cases.push(await rows(JSON.stringify(file), LINES));
  cases[0].merges = learnt;
}
process.stdout.write("[\n" + cases.map(c => JSON.stringify(c)).join(",\n") + "\n]\n");
