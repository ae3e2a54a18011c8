import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { publicApi } from './snapshot.ts'

/** What is written down of these declarations. `/a.d.ts` and `/b.d.ts` are public. */
function snapshotOf(files: Readonly<Record<string, string>>): string {
  const host = ts.createCompilerHost({})
  const modules = ['/a.d.ts', '/b.d.ts'].filter((path) => path in files)
  return publicApi(
    modules.map((path) => ({ name: `pkg${path.replace('.d.ts', '')}`, path })),
    {
      ...host,
      fileExists: (path) => path in files || host.fileExists(path),
      readFile: (path) => files[path] ?? host.readFile(path),
      getSourceFile: (path, version) => {
        const text = files[path] ?? host.readFile(path)
        return text === undefined ? undefined : ts.createSourceFile(path, text, version, true)
      },
    },
  )
}

describe('publicApi', () => {
  it('shows what a module exports, and the types that this mentions, without comments', () => {
    const snapshot = snapshotOf({
      '/a.d.ts': "export { make } from './inside.js';\nexport type { Options } from './inside.js';",
      '/inside.d.ts':
        'interface Hidden { /** Milliseconds. */ readonly ms: number }\n' +
        'export interface Options { readonly hidden: Hidden }\n' +
        'export declare function make(options: Options): void;\n' +
        'export declare function unseen(): void;',
    })

    expect(snapshot).toBe(
      [
        '// pkg/a',
        'export interface Options {\n    readonly hidden: Hidden;\n}',
        'export function make(options: Options): void;',
        '',
        '// mentioned',
        'interface Hidden {\n    readonly ms: number;\n}',
        '',
      ].join('\n'),
    )
  })

  it('changes with an option that another one mentions, and not with a moved file', () => {
    const inside = 'export interface Options { a: Other }\nexport interface Other { b: string }'
    const first = snapshotOf({ '/a.d.ts': "export * from './x.js'", '/x.d.ts': inside })

    const moved = snapshotOf({ '/a.d.ts': "export * from './y.js'", '/y.d.ts': inside })
    const changed = snapshotOf({
      '/a.d.ts': "export * from './x.js'",
      '/x.d.ts': inside.replace('string', 'number'),
    })

    expect(moved).toBe(first)
    expect(changed).not.toBe(first)
  })

  it('shows a declaration once, and where else it is exported, by its name there', () => {
    const snapshot = snapshotOf({
      '/a.d.ts': 'export declare const one: number;',
      '/b.d.ts': "export { one } from './a.js';",
    })

    expect(snapshot).toContain('// pkg/a\nexport const one: number;')
    expect(snapshot).toContain('// pkg/b\nexport { one }')
  })

  it('leaves out what facts say: they change with their vendors', () => {
    const snapshot = snapshotOf({
      '/a.d.ts':
        "export declare const facts: { readonly id: 'a' };\nexport declare const a: number;",
    })

    expect(snapshot).toContain('export const a: number;\nexport const facts: {…};')
  })

  it('throws for a module that was not built', () => {
    expect(() => publicApi([{ name: 'pkg', path: '/nowhere.d.ts' }])).toThrow(/npm run build/)
  })
})
