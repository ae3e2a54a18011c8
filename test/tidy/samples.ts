/** What each rule must find fault with, and what it must let pass. */
interface Samples {
  readonly bad: readonly Sample[]
  readonly good: readonly Sample[]
}

/** A file, its text, and the other files that stand beside it. */
type Sample = readonly [path: string, text: string, beside?: Readonly<Record<string, string>>]

const manifest = (content: object): string => JSON.stringify({ exports: {}, ...content })

const OPENED = {
  'package.json': manifest({ exports: { './providers/*': './dist/providers/*.js' } }),
}

const factsOf = (id: string, evidence: string): string =>
  `export const facts = {\n  id: '${id}',\n} as const satisfies ProviderFacts\n` +
  `export const evidence = {\n${evidence}} as const satisfies ProviderEvidence\n`

/** So many files of the given name and text: `#` is the number of the file. */
const files = (count: number, name: string, text: string): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [name.replace('#', `${n}`), text]))

/** A text that imports so many files. */
const importing = (count: number, name: string): string =>
  Array.from({ length: count }, (_, n) => `import '${name.replace('#', `${n}`)}'`).join('\n')

/** A decision, and the index that names it. */
const decision = '# A\n\n## Context\n\nA\n\n## Decision\n\nB\n\n## Consequence\n\nC\n'
const index = { 'docs/decisions/README.md': '- [A](0001-a.md)' }

/** By the name of the rule. */
export const samples: Readonly<Record<string, Samples>> = {
  'every layer imports only what lies below it': {
    bad: [
      ['src/core/a.ts', "import { b } from '../ledger/b.ts'"],
      ['src/core/a.ts', "import type { b } from '../ledger/b.ts'"],
      ['src/core/a.ts', "export * from 'xstate'"],
      ['machines/a.ts', "import { x } from '../src/runtime/x.ts'"],
      ['providers/a.ts', "import { z } from 'zod'"],
      ['providers/a.ts', "import { x } from '../src/facts/derive.ts'"],
      ['src/ledger/a.ts', "import { x } from '../stores/x.ts'"],
      ['src/stores/a.ts', "import { x } from '../ledger/protocol/index.ts'"],
      ['src/stores/a.ts', "import { Redis } from 'ioredis'"],
      ['src/stores/a.ts', "import { type Redis } from 'ioredis'"],
      ['src/transport/a.ts', "import * as x from 'xstate'"],
      ['src/transport/a.ts', "await import('../ledger/x.ts')"],
      ['src/runtime/a.ts', "import { x } from 'oauth4webapi'"],
      ['src/runtime/a.ts', "import { x } from '../stores/memory.ts'"],
      ['src/runtime/a.ts', "import { x } from 'node:fs'"],
      ['src/index.ts', "import 'zod'"],
      ['src/integrations/a.ts', "import { x } from '../runtime/x.ts'"],
      ['src/integrations/a.ts', "import { x } from 'next'"],
      ['src/integrations/a.ts', "const x: import('../core/x.ts').X = 1"],
      ['src/integrations/a.ts', "import { useState } from 'react'"],
      ['src/integrations/react.ts', "import type { Clock } from '../index.ts'"],
      ['src/integrations/react/a.ts', "import { useState } from 'react'"],
      ['src/integrations/react/a.ts', "import { b } from '../../core/errors.ts'"],
      ['src/cli/a.ts', "import { x } from '../../test/x.ts'"],
      ['src/elsewhere/a.ts', ''],
      ['src/helpers.ts', ''],
    ],
    good: [
      ['src/core/a.ts', "import type { b } from './b.ts' // from 'zod'"],
      ['providers/a.ts', "import { x } from '../src/core/x.ts'"],
      ['src/facts/a.ts', "import { z } from 'zod'\nimport { x } from '../core/x.ts'"],
      ['providers/a.ts', "import type { F } from '../src/facts/provider-facts.ts'"],
      ['src/stores/a.ts', "import type { Redis } from 'ioredis'\nimport { x } from 'node:fs'"],
      ['src/runtime/a.ts', "import { m } from '../../machines/m.ts'\nimport { x } from 'xstate'"],
      ['src/integrations/a.ts', "import { x } from '../index.ts'\nimport type y from 'next'"],
      ['src/integrations/react.ts', "import { a } from './react/a.ts'\nimport x from 'react'"],
      ['src/integrations/react/a.ts', "import { systemClock } from '../../core/clock.ts'"],
      ['src/testing/a.ts', "import * as z from 'zod'"],
      ['src/cli/a.ts', "import { x } from '../stores/x.ts'\nimport { y } from 'node:fs'"],
    ],
  },
  'only src/core/clock.ts touches clocks and timers': {
    bad: [
      ['src/runtime/a.ts', 'const now = Date.now()'],
      ['src/runtime/a.ts', 'const now = new Date()'],
      ['src/cli/a.ts', 'performance.now()'],
      ['src/core/a.ts', 'setTimeout(f, 1)'],
      ['src/core/a.ts', 'globalThis.setTimeout(f, 1)'],
      ['src/core/a.ts', 'const options = { wait: setInterval }'],
      ['src/transport/a.ts', 'fetch(url, { signal: AbortSignal.timeout(1000) })'],
    ],
    good: [
      ['src/core/clock.ts', 'setTimeout(f, Date.now())'],
      ['src/core/a.ts', "clock.setTimeout(f, 1) // not setTimeout(f, 1)\nf('Date.now()')"],
      ['src/core/a.ts', 'interface A { setTimeout(f: () => void): ReturnType<typeof setTimeout> }'],
      ['src/core/a.ts', 'new Date(1).toISOString()'],
      ['test/bench/a.ts', 'performance.now()'],
    ],
  },
  'only src/core/random.ts makes randomness': {
    bad: [
      ['src/runtime/a.ts', 'Math.random()'],
      ['src/ledger/a.ts', 'crypto.getRandomValues(bytes)'],
      ['src/ledger/a.ts', 'globalThis.crypto.randomUUID(); crypto.randomUUID()'],
    ],
    good: [
      ['src/core/random.ts', 'crypto.getRandomValues(bytes)'],
      ['src/ledger/a.ts', 'crypto.subtle.digest(a, b); random.fraction()'],
    ],
  },
  'no test sleeps, looks at the wall clock or throws dice that cannot be thrown again': {
    bad: [
      ['test/a.test.ts', 'await new Promise((resolve) => setTimeout(resolve, 10))'],
      ['test/a.test.ts', 'const tokens = { expiresAtMs: Date.now() }'],
      ['test/a.test.ts', 'const expires = Date()'],
      ['test/a.test.ts', 'if (Math.random() > 0.5) f()'],
    ],
    good: [['test/a.test.ts', 'const startedAt = performance.now()\nclock.setTimeout(f, 1)']],
  },
  'only the CLI and the default log lines print': {
    bad: [
      ['src/runtime/a.ts', 'console.log(1)'],
      ['src/testing/a.ts', 'const { log } = console'],
    ],
    good: [
      ['src/cli/a.ts', 'console.log(1)'],
      ['src/runtime/events.ts', 'console.warn(1)'],
      ['src/runtime/a.ts', '// console.log(1)'],
    ],
  },
  'only the transport fetches, the store over HTTP, authorizedFetch and pageInspector': {
    bad: [
      ['src/runtime/a.ts', 'await fetch(url)'],
      ['src/stores/redis.ts', 'await fetch(url)'],
      ['src/integrations/next.ts', 'await fetch(url)'],
      ['src/inspect/recorder.ts', 'await fetch(url)'],
      ['providers/a.ts', 'const f = globalThis.fetch'],
    ],
    good: [
      ['src/transport/a.ts', 'await fetch(url)'],
      ['src/integrations/authorized-fetch.ts', 'globalThis.fetch(url)'],
      ['src/inspect/page-inspector.ts', 'await fetch(url)'],
      ['src/stores/http.ts', 'const request = options.fetch ?? globalThis.fetch'],
      ['src/runtime/a.ts', 'const { fetch } = options\ncreateTransport({ fetch })'],
    ],
  },
  'what must run anywhere names no global of Node': {
    bad: [
      ['src/core/a.ts', 'if (process.env.DEBUG) f()'],
      ['src/ledger/a.ts', "Buffer.from('a')"],
      ['src/integrations/a.ts', "const x = require('x')"],
      ['providers/a.ts', 'setImmediate(f)'],
    ],
    good: [
      ['src/stores/a.ts', 'process.pid'],
      ['src/cli/a.ts', 'process.exit(1)'],
      ['src/core/a.ts', 'const x = { process: 1, Buffer: 2 }\nx.process'],
    ],
  },
  'nothing is exported as default': {
    bad: [
      ['src/core/a.ts', 'export default 1'],
      ['src/core/a.ts', 'export default function f() {}'],
      ['test/a.ts', 'const a = 1\nexport { a as default }'],
    ],
    good: [
      ['vitest.config.ts', 'export default 1'],
      ['docs/examples/next/page.tsx', 'export default function Page() {}'],
      ['src/core/a.ts', "switch (a) { default: f('export default 1') }"],
    ],
  },
  'nothing is typed any': {
    bad: [
      ['src/core/a.ts', 'const a = b as any'],
      ['test/a.ts', 'function f(a: any[]) {}'],
    ],
    good: [['src/core/a.ts', '/* any */ const any = "any"']],
  },
  'no error of the compiler is silenced': {
    bad: [
      ['src/core/a.ts', '// @ts-ignore'],
      ['src/core/a.ts', '// @ts-expect-error: one day'],
      ['test/a.ts', '// @ts-nocheck'],
    ],
    good: [['test/a.ts', '// @ts-expect-error: a type test']],
  },
  'no file is longer than 300 lines': {
    bad: [['src/core/a.ts', 'f()\n'.repeat(301)]],
    good: [['src/core/a.ts', 'f()\n'.repeat(300)]],
  },
  'no line is longer than 100 columns, unless by an address that cannot be broken': {
    bad: [
      ['test/a.ts', `const a = '${'a'.repeat(90)}'`],
      ['src/core/a.ts', `// ${'word '.repeat(18)} https://example.com/a/b/c`],
    ],
    good: [
      ['src/core/a.ts', `// ${'é'.repeat(97)}`],
      ['src/core/a.ts', ` * @see https://example.com/${'a'.repeat(90)}`],
    ],
  },
  'nothing is left to be done later': {
    bad: [
      ['src/core/a.ts', '// TODO: later'],
      ['docs/a.md', 'FIXME'],
    ],
    good: [['src/core/a.ts', 'const TODOS = 1']],
  },
  'no file knows the machine it was written on': {
    bad: [
      ['docs/a.md', 'see `/work/main/a.ts`'],
      ['.ci/run', 'cd /tmp/x'],
      ['test/a.test.ts', "read('/root/.npmrc')"],
    ],
    good: [['docs/a.md', 'https://example.com/work/a and ./tmp/a and /worker/a']],
  },
  'no file says where packages come from': {
    bad: [
      ['package-lock.json', '"resolved": "https://packages.example.com/a.tgz"'],
      ['.npmrc', 'registry=https://registry.npmjs.org/'],
    ],
    good: [['package-lock.json', '"resolved": "test/a", "link": true']],
  },
  'the top level holds no folder but src, machines, providers, test, docs and dotfolders': {
    bad: [['scripts/a.ts', '']],
    good: [
      ['.ci/run', ''],
      ['src/a.ts', ''],
    ],
  },
  'every provider exports facts with evidence, and a line of exports opens it': {
    bad: [
      ['providers/acme.ts', '', OPENED],
      ['providers/acme.ts', factsOf('acme', '  sources: {\n'), OPENED],
      ['providers/acme.ts', factsOf('acme', '  answers: [\n'), OPENED],
      ['providers/acme.ts', factsOf('acne', '  sources: {\n  answers: [\n'), OPENED],
      [
        'providers/acme.ts',
        factsOf('acme', '  sources: {\n  answers: [\n'),
        { 'package.json': manifest({}) },
      ],
    ],
    good: [['providers/acme.ts', factsOf('acme', '  sources: {\n  answers: [\n'), OPENED]],
  },
  'every line of exports and bin has a source file': {
    bad: [
      ['package.json', manifest({ exports: { '.': './dist/src/index.js' } })],
      ['package.json', manifest({ bin: { a: './dist/src/cli/main.js' } })],
      ['package.json', manifest({ exports: { './a/*': './dist/a/*.js' } }), { 'src/a/b.ts': '' }],
      ['package.json', manifest({ exports: { './*': './dist/src/*.js' } }), { 'src/a.ts': '' }],
    ],
    good: [
      [
        'package.json',
        manifest({ exports: { '.': './dist/src/index.js', './package.json': './package.json' } }),
        { 'src/index.ts': '' },
      ],
      [
        'package.json',
        manifest({
          exports: {
            './a/*': { types: './dist/src/a/*.d.ts', default: './dist/src/a/*.js' },
            './a/inner/*': null,
          },
        }),
        { 'src/a/b.ts': '', 'src/a/inner/c.ts': '' },
      ],
    ],
  },
  'every link in the docs leads somewhere': {
    bad: [
      ['README.md', 'See [there](docs/there.md).'],
      ['docs/a.md', '[up](../src/none.ts)'],
      ['docs/a.md', '[root](/README.md)', { 'README.md': '' }],
      ['docs/a.md', '# One\n[two](#two)'],
      ['docs/a.md', '[b](b.md#three)', { 'docs/b.md': '# Two' }],
      ['docs/a.md', '<img src="a.svg">'],
      ['docs/a.md', '[a]: a.svg'],
    ],
    good: [
      ['docs/a.md', '[b](b.md#two-words-1)', { 'docs/b.md': '# Two `words`\n\n## Two words' }],
      ['docs/a.md', '[out](https://example.com) `[code](x)`\n\n```md\n[code](x)\n```\n'],
      ['docs/a.md', '[folder](../src/)', { 'src/a.ts': '' }],
    ],
  },
  'every decision is short, has three parts and is in the index': {
    bad: [
      ['docs/decisions/0001-a.md', decision, { 'docs/decisions/README.md': '[b](0002-b.md)' }],
      ['docs/decisions/0001-a.md', '# A\n\n## Context\n', index],
      ['docs/decisions/0001-a.md', decision + 'more\n'.repeat(25), index],
    ],
    good: [['docs/decisions/0001-a.md', decision, index]],
  },
  'a page with a house word leads to the glossary': {
    bad: [
      ['README.md', 'It keeps a ledger.'],
      ['docs/guides/a.md', 'The [newest set](../b.md) of the chain. `glossary.md`'],
    ],
    good: [
      ['README.md', 'It keeps a [ledger](docs/glossary.md#ledger).'],
      ['docs/guides/a.md', 'The newest set ([glossary](../glossary.md)).'],
      ['docs/a.md', '`ledger` and blockchains'],
      ['docs/glossary.md', 'The ledger.'],
    ],
  },
  'there are at most 185 files in src': {
    bad: [['package.json', manifest({}), files(186, 'src/core/#.ts', '')]],
    good: [['package.json', manifest({}), { ...files(185, 'src/core/#.ts', ''), 'test/a.ts': '' }]],
  },
  'there are at most 23000 lines in src': {
    bad: [
      [
        'package.json',
        manifest({}),
        { 'src/a.ts': 'f()\n'.repeat(22_999), 'src/b.ts': 'f()\ng()' },
      ],
    ],
    good: [['package.json', manifest({}), { 'src/a.ts': 'f()\n'.repeat(23_000) }]],
  },
  'there are at most 44 files in src with one importer': {
    bad: [
      [
        'package.json',
        manifest({}),
        { 'machines/a.ts': importing(45, '../src/#.ts'), ...files(45, 'src/#.ts', '') },
      ],
    ],
    good: [
      [
        'package.json',
        manifest({}),
        {
          'machines/a.ts': importing(45, '../src/#.ts'),
          'machines/b.ts': "import '../src/0.ts'",
          ...files(45, 'src/#.ts', ''),
        },
      ],
    ],
  },
  'there are at most 50 files that a reader of refresh opens': {
    bad: [
      [
        'package.json',
        manifest({}),
        {
          'src/runtime/refresher.ts': importing(50, './#.ts'),
          ...files(50, 'src/runtime/#.ts', ''),
        },
      ],
      [
        'package.json',
        manifest({}),
        {
          'src/runtime/refresher.ts': "const load = () => import('../a.ts')",
          'src/a.ts': importing(49, './#.ts'),
          ...files(49, 'src/#.ts', ''),
        },
      ],
    ],
    good: [
      [
        'package.json',
        manifest({}),
        {
          'src/runtime/refresher.ts': `${importing(49, './#.ts')}\nimport type { A } from './a.ts'`,
          'src/runtime/0.ts': "await import('./inspect/a.ts')",
          ...files(48, 'src/runtime/#.ts', ''),
          'src/runtime/48.ts': '',
          'src/runtime/a.ts': '',
          'src/runtime/inspect/a.ts': '',
        },
      ],
    ],
  },
  'a file with one importer and under 40 lines is part of that importer': {
    bad: [
      [
        'src/a.ts',
        'f()\n'.repeat(39),
        { 'src/b.ts': "import type { A } from './a.ts'", 'package.json': manifest({}) },
      ],
    ],
    good: [
      [
        'src/a.ts',
        'f()\n'.repeat(40),
        { 'src/b.ts': "import './a.ts'", 'package.json': manifest({}) },
      ],
      [
        'src/a.ts',
        '',
        { 'src/b.ts': "import './a.ts'", 'src/c.ts': "import './a.ts'", 'package.json': '{}' },
      ],
      [
        'src/a.ts',
        '',
        {
          'src/b.ts': "import './a.ts'",
          'package.json': manifest({ exports: { './a': './dist/src/a.js' } }),
        },
      ],
      ['src/a.sql.ts', '', { 'src/b.ts': "import './a.sql.ts'" }],
      ['src/a.ts', '', { 'test/a.ts': "import '../src/a.ts'" }],
    ],
  },
  'no import leads back to its file, imports of types neither': {
    bad: [
      ['src/a.ts', "import './b.ts'", { 'src/b.ts': "import './a.ts'" }],
      ['src/a.ts', "import type { B } from './b.ts'", { 'src/b.ts': "import './a.ts'" }],
      [
        'machines/a.ts',
        "export * from '../src/b.ts'",
        { 'src/b.ts': "import './c.ts'", 'src/c.ts': "type A = import('../machines/a.ts').A" },
      ],
      ['src/a.ts', "import './a.ts'"],
    ],
    good: [
      [
        'src/a.ts',
        "import './b.ts'\nimport './c.ts'",
        { 'src/b.ts': "import './c.ts'", 'src/c.ts': '' },
      ],
      [
        'src/a.ts',
        "import './b.ts'",
        { 'src/b.ts': "import './c.ts'", 'src/c.ts': "import './b.ts'" },
      ],
    ],
  },
  'a type name is defined once in src': {
    bad: [
      ['src/a.ts', 'interface A {}', { 'src/b.ts': 'export type A = 1' }],
      ['src/a.ts', 'export class A {}', { 'src/b.ts': 'function f() { interface A {} }' }],
      ['src/a.ts', 'type A = 1\nfunction f() { type A = 2 }'],
    ],
    good: [
      ['src/a.ts', 'interface A {}', { 'test/a.ts': 'interface A {}', 'src/b.ts': 'const A = 1' }],
      [
        'src/a.ts',
        "declare module 'a' { interface S {} }\ndeclare module 'b' { interface S {} }",
        {
          'src/b.ts': "import type { A } from './c.ts'\nexport type { A }",
          'src/c.ts': 'type A = 1',
        },
      ],
    ],
  },
}
