// Writes the Parquet files that the reader is held against, by another program.
//
//     npm install --no-save hyparquet-writer@0.17.0 && node make_parquet.mjs      (node 20, zstd 1.5)
//
// 60 sentences in row groups of 20 and pages of some 500 bytes, in the column
// text and, behind an index, in data.text of a group; once in each compression,
// once with a dictionary. nulls.parquet has a sentence that is null in row 2,
// lists.parquet a list of strings in text.
import { execFileSync } from 'node:child_process'
import { gzipSync } from 'node:zlib'
import { writeFileSync } from 'node:fs'
import { ByteWriter, parquetWrite } from 'hyparquet-writer'

const sentence = i => i % 7 == 3 ? `line ${i}\nof two` : i % 11 == 5 ? ' ' : `naïve sentence ${i} of many`
const text = Array.from({ length: 60 }, (_, i) => sentence(i))
const compressors = {
  GZIP: b => new Uint8Array(gzipSync(b)),
  ZSTD: b => new Uint8Array(execFileSync('zstd', ['-c', '-q'], { input: b })),
}

function save(name, columnData, schema, options) {
  const writer = new ByteWriter()
  parquetWrite({ writer, columnData, schema, compressors, pageSize: 500, rowGroupSize: 20, createdBy: 'hyparquet-writer 0.17.0', statistics: false, ...options })
  writeFileSync('parquet/' + name + '.parquet', new Uint8Array(writer.getBuffer()))
}

const string = { type: 'BYTE_ARRAY', converted_type: 'UTF8' }
const nested = [
  { name: 'root', num_children: 3 },
  { name: 'id', type: 'INT32', repetition_type: 'REQUIRED' },
  { name: 'data', repetition_type: 'OPTIONAL', num_children: 1 },
  { name: 'text', repetition_type: 'OPTIONAL', ...string },
  { name: 'text', repetition_type: 'REQUIRED', ...string },
]
const columns = encoding => [
  { name: 'id', data: text.map((_, i) => i) },
  { name: 'data', data: text.map(text => ({ text })) },
  { name: 'text', data: text, encoding },
]
save('plain', columns('PLAIN'), nested, { codec: 'UNCOMPRESSED' })
save('snappy', columns('PLAIN'), nested, { codec: 'SNAPPY' })
save('gzip', columns('DELTA_LENGTH_BYTE_ARRAY'), nested, { codec: 'GZIP' })
save('zstd', columns('DELTA_BYTE_ARRAY'), nested, { codec: 'ZSTD' })
save('dictionary', [{ name: 'text', data: text.map((_, i) => sentence(i % 5)), type: 'STRING' }], undefined, { codec: 'GZIP' })
save('nulls', [{ name: 'text', data: ['a', null, 'b'], type: 'STRING' }], undefined, { codec: 'UNCOMPRESSED' })
save('lists', [{ name: 'text', data: [['a'], ['b', 'c']] }], [
  { name: 'root', num_children: 1 },
  { name: 'text', repetition_type: 'OPTIONAL', num_children: 1, converted_type: 'LIST' },
  { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
  { name: 'element', repetition_type: 'OPTIONAL', ...string },
], { codec: 'UNCOMPRESSED' })
