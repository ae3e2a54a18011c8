import { fileURLToPath } from 'node:url'
import type { RequestListener } from 'node:http'
import { createServer } from 'vite'
import { onTestFinished } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import type { WebSessionOptions } from '../../src/integrations/web.ts'

const at = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url))
const FOLDER = at('docs/examples/sveltekit-sessions')
const CONFIGURATION = `${FOLDER}/src/lib/server/oauth.ts`

/** What the example imports from its own `oauth.ts`, so that a test has the clock and the store. */
const shared = globalThis as { sveltekitExample?: object }

/** SvelteKit's own server for development, with the example in it. */
export async function svelteKitApp(
  options: WebSessionOptions,
  api: string,
): Promise<RequestListener> {
  shared.sveltekitExample = { options, api }
  const before = process.cwd()
  process.chdir(FOLDER)
  process.env['SVELTE_OUT'] = at('.build/sveltekit')
  const server = await createServer({
    root: FOLDER,
    logLevel: 'error',
    cacheDir: at('.build/sveltekit-vite'),
    server: { middlewareMode: true, ws: false },
    optimizeDeps: { noDiscovery: true },
    plugins: [
      {
        name: 'refresh-once-sources',
        enforce: 'pre',
        resolveId(name) {
          const line = name.replace(/^refresh-once/, '.')
          const target = (manifest.exports as Record<string, { default?: string } | null>)[line]
          if (!name.startsWith('refresh-once') || !target?.default) return undefined
          return at(target.default.replace('/dist/', '/').replace(/\.js$/, '.ts'))
        },
        load(id) {
          if (id !== CONFIGURATION) return undefined
          return 'export const { options, api } = globalThis.sveltekitExample'
        },
      },
    ],
  }).finally(() => process.chdir(before))
  onTestFinished(() => server.close())
  return server.middlewares
}
