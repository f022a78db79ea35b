#!/usr/bin/env bash
# @huggingface/jinja 0.5.11 (npm), made for the chat templates of language models (Transformers.js uses
# it): of a template's strip(), lstrip() and rstrip() the argument is not read, and all white space is
# taken. lstrip('\n'), by which templates of reasoning models take the answer from behind </think>,
# takes the indentation of its first line as well: code that the model wrote comes back to it as
# other code; strip('"') takes no quotes. A list is never equal to another and "1" is equal to 1, so that
# tools == [] is false of no tools; capitalize leaves the capitals inside of a sentence, and true
# stands in the prompt where Python writes True. The model was trained on what Jinja makes
# of the same template and messages, here Debian's Jinja 3.1.2. No error for any.
#
# Needs Debian 12.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download python3-jinja2 python3-markupsafe >/dev/null 2>&1
for p in *.deb; do dpkg -x "$p" jinja; done
npm init -y >/dev/null 2>&1
npm install --silent --no-audit --no-fund --ignore-scripts @huggingface/jinja@0.5.11 >/dev/null 2>&1
cat >templates.json <<'JSON'
[
["{%- for m in messages %}\n<|{{ m.role }}|>\n{{ m.content.split('</think>')[-1].lstrip('\\n') }}\n{%- endfor %}",
 {"messages": [{"role": "user", "content": "the body of f?"}, {"role": "assistant", "content": "<think>\nindented\n</think>\n\n    y = 2 * x\n    return y"}]}],
["{{ line.rstrip('\\n') }}|", {"line": "a line break in Markdown  \n"}],
["{{ word.strip('\"') }}", {"word": "\"quoted\""}],
["{% if tools == [] %}no tools{% else %}tools:{% endif %}", {"tools": []}],
["{% if turn == 1 %}the first{% else %}not the first{% endif %}", {"turn": "1"}],
["{{ title | capitalize }}", {"title": "the GAN of Paris"}],
["thinking: {{ thinking }}, {{ -1 % 3 }}", {"thinking": true}]
]
JSON
cat >main.py <<'PY'
import json

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment

# The environment is that of Transformers in Python.
env = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
print("Jinja", jinja2.__version__)
for template, values in json.load(open("templates.json")):
    print(json.dumps(env.from_string(template).render(**values)))
PY
cat >main.mjs <<'JS'
import {readFileSync} from 'fs';
import {Template} from '@huggingface/jinja';

console.log('@huggingface/jinja', JSON.parse(readFileSync('node_modules/@huggingface/jinja/package.json')).version);
for (const [template, values] of JSON.parse(readFileSync('templates.json')))
  console.log(JSON.stringify(new Template(template).render(values)));
JS
out=$(PYTHONPATH=jinja/usr/lib/python3/dist-packages /usr/bin/python3 main.py && node main.mjs)
echo "$out"
diff <(echo "$out") - <<'EXPECTED'
Jinja 3.1.2
"<|user|>\nthe body of f?<|assistant|>\n    y = 2 * x\n    return y"
"a line break in Markdown  |"
"quoted"
"no tools"
"not the first"
"The gan of paris"
"thinking: True, 2"
@huggingface/jinja 0.5.11
"<|user|>\nthe body of f?<|assistant|>\ny = 2 * x\n    return y"
"a line break in Markdown|"
"\"quoted\""
"tools:"
"the first"
"The GAN of Paris"
"thinking: true, -1"
EXPECTED
