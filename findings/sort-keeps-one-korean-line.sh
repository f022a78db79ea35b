#!/usr/bin/env bash
# GNU sort, comm and join 9.1 with glibc 2.36: in the locale en_US.UTF-8 all Korean syllables are
# one letter, so that sort -u, which makes vocabularies and drops repeated lines, keeps one word
# of each length and one sentence of each shape. comm -12, asked for the lines that a training and
# a test set share, names lines that only one of them has; join gives a word the count of
# another. In ja_JP.UTF-8 so are all Thai and all Arabic letters, and all emoji; in ko_KR.UTF-8 the
# same, without the syllables. Lines that collate alike are one line to these three; uniq and
# awk compare bytes. With LC_ALL=C all are right.
#
# Needs Debian 12; the locales are made here.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download locales >/dev/null 2>&1
dpkg -x locales_*.deb .
for locale in en_US ja_JP ko_KR; do
	I18NPATH=$dir/usr/share/i18n localedef -c -i "$locale" -f UTF-8 "$dir/$locale.UTF-8" 2>/dev/null || test -s "$locale.UTF-8/LC_COLLATE"
done
export LOCPATH=$dir
python3 - <<'PY'
for name, first, last in ("syllables", 0xAC00, 0xD7A3), ("thai", 0xE01, 0xE2E), ("arabic", 0x621, 0x63A), ("emoji", 0x1F600, 0x1F64F), ("cyrillic", 0x410, 0x44F):
    with open(name, "w", encoding="utf-8") as f:
        f.writelines(chr(c) + "\n" for c in range(first, last + 1))
PY
printf '%s\n' 사람 나무 하늘 '나는 학교에 간다' '그는 시장에 갔다' >lines
printf '사람 900\n' >counts
printf '나무 3\n' >others
sort --version | head -1
echo "glibc $(getconf GNU_LIBC_VERSION | cut -d' ' -f2)"
out=$(for LC_ALL in C en_US.UTF-8 ja_JP.UTF-8 ko_KR.UTF-8; do
	export LC_ALL
	printf '%s: sort -u keeps' "$LC_ALL"
	for file in syllables thai arabic emoji cyrillic; do printf ' %d of %d %s,' "$(sort -u $file | wc -l)" "$(wc -l <$file)" $file; done
	printf ' %d of 5 lines, sort | uniq %d' "$(sort -u lines | wc -l)" "$(sort lines | uniq | wc -l)"
	printf '; 사람 and 나무 have in common "%s", joined "%s"\n' "$(comm -12 <(echo 사람) <(echo 나무))" "$(join counts others)"
done)
echo "$out"
diff <(echo "$out") - <<'EXPECTED'
C: sort -u keeps 11172 of 11172 syllables, 46 of 46 thai, 26 of 26 arabic, 80 of 80 emoji, 64 of 64 cyrillic, 5 of 5 lines, sort | uniq 5; 사람 and 나무 have in common "", joined ""
en_US.UTF-8: sort -u keeps 1 of 11172 syllables, 46 of 46 thai, 26 of 26 arabic, 80 of 80 emoji, 64 of 64 cyrillic, 2 of 5 lines, sort | uniq 5; 사람 and 나무 have in common "나무", joined "사람 900 3"
ja_JP.UTF-8: sort -u keeps 1 of 11172 syllables, 1 of 46 thai, 1 of 26 arabic, 1 of 80 emoji, 64 of 64 cyrillic, 2 of 5 lines, sort | uniq 5; 사람 and 나무 have in common "나무", joined "사람 900 3"
ko_KR.UTF-8: sort -u keeps 11172 of 11172 syllables, 1 of 46 thai, 1 of 26 arabic, 1 of 80 emoji, 64 of 64 cyrillic, 5 of 5 lines, sort | uniq 5; 사람 and 나무 have in common "", joined ""
EXPECTED
