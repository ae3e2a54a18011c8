import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { bundle, TYPICAL } from './bundle.ts'
import { median } from './figures.ts'
import type { Figure } from './figures.ts'

const run = promisify(execFile)
const ROUNDS = 31
const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const FOLDER = `${ROOT}.build/cold`

/** What a process waits until the package is imported, over what it waits for an empty module. */
export async function coldImport(): Promise<readonly Figure[]> {
  const modules = {
    empty: await written('empty.mjs', ''),
    main: await written(
      'main.mjs',
      "import 'refresh-once'\nimport 'refresh-once/providers/oidc'\n",
    ),
    ours: await written('ours.mjs', (await bundle(TYPICAL, ['xstate', 'oauth4webapi'])).code),
    bundled: await written('bundled.mjs', (await bundle(TYPICAL)).code),
    xstate: await written('xstate.mjs', "import 'xstate'\n"),
    oauth4webapi: await written('oauth4webapi.mjs', "import 'oauth4webapi'\n"),
  }
  const times = new Map(Object.keys(modules).map((name) => [name, [] as number[]]))
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [name, url] of Object.entries(modules)) times.get(name)!.push(await importMs(url))
  }
  const over = (name: string): number =>
    median(times.get(name)!.map((ms, round) => ms - times.get('empty')![round]!))
  return [
    { name: 'cold import, empty module', value: median(times.get('empty')!), unit: 'ms' },
    {
      name: 'cold import, main entry + oidc, over it',
      value: over('main'),
      unit: 'ms',
      atMost: 25,
    },
    { name: 'cold import, ours in one file, over it', value: over('ours'), unit: 'ms' },
    { name: 'cold import, all in one file, over it', value: over('bundled'), unit: 'ms' },
    { name: 'cold import, xstate alone, over it', value: over('xstate'), unit: 'ms' },
    { name: 'cold import, oauth4webapi alone, over it', value: over('oauth4webapi'), unit: 'ms' },
  ]
}

/** Inside the package, so that its own name leads to it. */
async function written(name: string, code: string): Promise<string> {
  await mkdir(FOLDER, { recursive: true })
  await writeFile(`${FOLDER}/${name}`, code)
  return pathToFileURL(`${FOLDER}/${name}`).href
}

/** Milliseconds that a new process spends on the import itself. */
async function importMs(url: string): Promise<number> {
  const code =
    'const began = performance.now();' +
    `await import(${JSON.stringify(url)});` +
    'console.log(performance.now() - began)'
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', code], {
    env: { ...process.env, NODE_OPTIONS: '' },
  })
  return Number(stdout)
}
