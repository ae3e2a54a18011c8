import { describe, expect, it } from 'vitest'
import { entriesOf } from '../tidy/manifest.ts'
import { imagined, repository } from '../tidy/repository.ts'
import type { Project } from '../tidy/rule.ts'
import { blocksOf, compile } from './blocks.ts'

const project = repository()

/** The source of each public module, by the name that a reader imports. */
function publicModules(from: Project): Record<string, string> {
  const modules = entriesOf(from).filter(({ name }) => name.startsWith('.'))
  return Object.fromEntries(
    modules.flatMap(({ name, source }) =>
      source === undefined ? [] : [[`refresh-once${name.slice(1)}`, source]],
    ),
  )
}

/** What the pages take from packages that are not installed. */
const ABSENT = {
  'next/navigation': 'test/docs/next-navigation.d.ts',
  '@aws-sdk/client-dynamodb': 'test/docs/aws-dynamodb.d.ts',
}

/** The declarations of a version of next-auth. `next-auth-5` is how we have both installed. */
const FIVE = {
  'next-auth': 'node_modules/next-auth-5/index.d.ts',
  'next-auth/*': 'node_modules/next-auth-5/*.d.ts',
}
const FOUR = {
  'next-auth': 'node_modules/next-auth/index.d.ts',
  'next-auth/jwt': 'node_modules/next-auth/jwt/index.d.ts',
}

/** What `next-auth` means to a reader. */
function nextAuthFor(path: string): Record<string, string> {
  return path === 'docs/guides/nextauth-4.md' ? FOUR : FIVE
}

/** What a reader could be told, wrongly. Line 8 is at fault. */
const WRONG = `# Wrong

<!-- given: declare const tokens: { accessToken: string } -->

\`\`\`ts
import { memoryStore } from 'refresh-once/stores/memory'
const token = tokens.accessToken
const wrong: number = token
\`\`\`
`

describe('the code in the docs', () => {
  // One program for all with the same packages, since most of its time goes into what they share.
  const texts = [...project.paths].filter(
    (path) => path === 'README.md' || /^docs\/.*\.md$/.test(path),
  )
  const blocks = texts.flatMap((path) => blocksOf(path, project.read(path)))
  const modules = publicModules(project)
  const all = [...blocks, ...blocksOf('WRONG.md', WRONG)]
  const complaints = [FIVE, FOUR].flatMap((nextAuth) =>
    compile(
      all.filter(({ path }) => nextAuthFor(path) === nextAuth),
      { ...modules, ...ABSENT, ...nextAuth },
    ),
  )

  it('compiles against the source', () => {
    expect(
      complaints.filter((complaint) => !complaint.startsWith('WRONG.md')),
      'blocksOf says how to give a block what it takes for granted, and how to leave it out',
    ).toEqual([])
  })

  it('is read by a compiler that finds faults', () => {
    expect(complaints.filter((complaint) => complaint.startsWith('WRONG.md'))).toEqual([
      "WRONG.md:8: Type 'string' is not assignable to type 'number'.",
    ])
  })
})

describe('blocksOf', () => {
  it('takes the blocks of TypeScript, but for those to be ignored', () => {
    const text =
      '```ts\na\n```\n\n```ts ignore\nb\n```\n\n```sh\nc\n```\n\n- d\n\n  ```tsx\n  d\n  ```\n'

    const blocks = blocksOf('a.md', text)

    expect(blocks.map(({ code, line }) => [code.trim(), line])).toEqual([
      ['a', 2],
      ['d', 16],
    ])
  })

  it('reads by which name the others of the file import one', () => {
    const blocks = blocksOf('a.md', '```ts title="tokens.ts"\na\n```\n\n```tsx\nb\n```\n')

    expect(blocks.map(({ title }) => title)).toEqual(['tokens.ts', 'block-1.tsx'])
  })
})

describe('publicModules', () => {
  it('leads from exports to the source', () => {
    const exports = {
      './a/b': './dist/src/a/b.js',
      './c/*': { types: './dist/src/c/*.d.ts', default: './dist/src/c/*.js' },
      './c/closed/*': null,
      './package.json': './package.json',
    }
    const files = ['src/a/b.ts', 'src/c/d.ts', 'src/c/closed/e.ts']

    const modules = publicModules(
      imagined({
        'package.json': JSON.stringify({ exports, bin: { c: './dist/src/c/d.js' } }),
        ...Object.fromEntries(files.map((path) => [path, ''])),
      }),
    )

    expect(modules).toEqual({ 'refresh-once/a/b': 'src/a/b.ts', 'refresh-once/c/d': 'src/c/d.ts' })
  })
})
