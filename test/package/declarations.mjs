// Compiles the declarations of every line of `exports` with the oldest TypeScript that README.md
// names, in a project in which the packed package and that TypeScript are installed.
import { readdir, readFile, writeFile } from 'node:fs/promises'
import ts from 'typescript'

const folder = 'node_modules/refresh-once/'
const { exports } = JSON.parse(await readFile(`${folder}package.json`, 'utf8'))

const names = []
for (const [line, target] of Object.entries(exports)) {
  if (!target?.types) continue
  const [before, after] = target.types.split('*')
  const files = after === undefined ? [''] : await readdir(`${folder}${before}`)
  const stars = files.filter((file) => file.endsWith(after ?? '') && !file.startsWith('.'))
  names.push(
    ...stars.map((file) => line.replace('*', file.slice(0, -(after ?? '').length || undefined))),
  )
}
const open = names.filter((name) => exports[name] !== null)
const imports = open.map((name, at) => `import * as m${at} from 'refresh-once${name.slice(1)}'`)
const uses = open.map((_, at) => `void m${at}`)
await writeFile('declarations.ts', [...imports, ...uses, ''].join('\n'))

const program = ts.createProgram(['declarations.ts'], {
  strict: true,
  noEmit: true,
  // What other packages declare is theirs.
  skipLibCheck: false,
  module: ts.ModuleKind.NodeNext,
  target: ts.ScriptTarget.ES2022,
  lib: ['lib.es2023.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts', 'lib.esnext.disposable.d.ts'],
})
const ours = ts
  .getPreEmitDiagnostics(program)
  .filter(({ file }) => !file || /refresh-once|declarations\.ts/.test(file.fileName))

const host = {
  getCanonicalFileName: (path) => path,
  getCurrentDirectory: () => '',
  getNewLine: () => '\n',
}
console.log(`TypeScript ${ts.version}: ${open.length} modules, ${ours.length} errors`)
console.log(ts.formatDiagnostics(ours, host))
process.exitCode = ours.length === 0 && open.length > 20 ? 0 : 1
