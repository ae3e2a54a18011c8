import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import manifest from './package.json' with { type: 'json' }
import { GROUPS, type Group } from './test/groups.ts'
import { runs } from './test/runs.ts'

/** The examples import the package by its name: here, that is the source. */
const ownModules = Object.entries(manifest.exports).flatMap(([line, target]) =>
  target === null || typeof target === 'string'
    ? []
    : [
        {
          find: new RegExp(`^refresh-once${line.slice(1).replace('*', '([^/]+)')}$`),
          replacement: fileURLToPath(new URL(sourceOf(target.default), import.meta.url)),
        },
      ],
)

/** The source of a built file; a pattern's star becomes what the name has in its place. */
function sourceOf(built: string): string {
  return built.replace('/dist/', '/').replace(/\.js$/, '.ts').replace('*', '$1')
}

export default defineConfig({
  resolve: { alias: ownModules },
  test: {
    projects: (Object.keys(GROUPS) as Group[]).map((name) => ({
      extends: true,
      test: { name, include: [...GROUPS[name]] },
    })),
    // A process each: tests may listen, crash workers and look at process-wide state.
    pool: 'forks',
    maxWorkers: 2,
    // For what hangs: a test with a browser takes 15 s on two cores that have nothing else to do.
    testTimeout: runs(60_000),
    hookTimeout: 60_000,
    restoreMocks: true,
    unstubGlobals: true,
    unstubEnvs: true,
    // A line for each file; what a test prints is shown when it fails.
    reporters: ['default', 'json'],
    silent: 'passed-only',
    slowTestThreshold: 60_000,
    outputFile: { json: '.build/tests.json' },
  },
})
