import { defineConfig } from 'vitest/config'
import { runs } from './test/runs.ts'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // A process each: tests may listen, crash workers and look at process-wide state.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: runs(20_000),
    hookTimeout: 20_000,
    restoreMocks: true,
    unstubGlobals: true,
    unstubEnvs: true,
    reporters: [process.env['CI'] ? 'dot' : 'default', 'json'],
    outputFile: { json: '.build/tests.json' },
  },
})
