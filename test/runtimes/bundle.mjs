// Bundles promises.mjs as a server's code. Arguments: the bundler, and the folder to write to.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const [bundler, folder] = process.argv.slice(2)
const input = join(import.meta.dirname, 'promises.mjs')

const BUNDLERS = {
  async esbuild() {
    const { build } = await import('esbuild')
    await build({
      entryPoints: { main: input },
      outdir: folder,
      outExtension: { '.js': '.mjs' },
      bundle: true,
      splitting: true,
      format: 'esm',
      platform: 'node',
      logLevel: 'error',
    })
    return 'main.mjs'
  },
  async rollup() {
    const { rollup } = await import('rollup')
    const { nodeResolve } = await import('@rollup/plugin-node-resolve')
    const plugins = [nodeResolve({ exportConditions: ['node'], preferBuiltins: true })]
    const bundle = await rollup({ input: { main: input }, plugins, onwarn() {} })
    await bundle.write({ dir: folder, format: 'es', entryFileNames: '[name].mjs' })
    return 'main.mjs'
  },
  async vite() {
    const { build } = await import('vite')
    await build({
      configFile: false,
      logLevel: 'error',
      ssr: { noExternal: true, target: 'node' },
      build: {
        ssr: true,
        outDir: folder,
        rollupOptions: { input: { main: input }, output: { entryFileNames: '[name].mjs' } },
      },
    })
    return 'main.mjs'
  },
  async webpack() {
    const { default: webpack } = await import('webpack')
    const configuration = {
      mode: 'production',
      target: 'node20',
      entry: { main: input },
      output: { path: folder, filename: '[name].cjs', library: { type: 'commonjs2' } },
    }
    await new Promise((resolve, reject) => {
      webpack(configuration, (error, stats) => {
        if (error || stats.hasErrors()) reject(error ?? new Error(stats.toString('errors-only')))
        else resolve()
      })
    })
    return 'main.cjs'
  },
}

/** A text of XState, which only the engine brings. */
const ENGINE = 'xstate.init'

const main = await BUNDLERS[bundler]()
const files = readdirSync(folder, { recursive: true }).filter((name) => /\.[cm]?js$/.test(name))
const has = (name) => readFileSync(join(folder, name), 'utf8').includes(ENGINE)
const atOnce = loadedAtOnce(main)
if (!files.some(has)) throw new Error('the bundle has no engine')
if (atOnce.some(has)) throw new Error('the engine is loaded before a token is to be renewed')
console.log(`main ${join(folder, main)}`)

/** The file, and what it imports in turn, but for `import()`. */
function loadedAtOnce(first) {
  const seen = [first]
  for (const name of seen) {
    const text = readFileSync(join(folder, name), 'utf8')
    for (const [, path] of text.matchAll(/(?:from|import)\s*["'](\.[^"']+)["']/g)) {
      const imported = join(name, '..', path)
      // Not what stands in comments.
      if (files.includes(imported) && !seen.includes(imported)) seen.push(imported)
    }
  }
  return seen
}
