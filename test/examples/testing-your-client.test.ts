import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startPlay } from '../../src/cli/play/play.ts'
import { presets } from '../../src/testing/presets.ts'
import { installed } from '../servers/debian.ts'

const FOLDER = fileURLToPath(new URL('../../docs/examples/testing-your-client/', import.meta.url))

/** Runs a client against a server that plays in this process. */
async function client(program: string, file: string, env: Readonly<Record<string, string>> = {}) {
  const server = await startPlay({ description: presets['oidc-provider'], seed: 1 })
  onTestFinished(() => server.stop())
  const child = spawn(program, [FOLDER + file, server.issuer], {
    env: { ...process.env, ...env },
  })
  let out = ''
  child.stdout.on('data', (chunk) => (out += String(chunk)))
  child.stderr.on('data', (chunk) => (out += String(chunk)))
  const code = await new Promise((resolve) => child.once('close', resolve))
  return { code, out, tally: server.tally() }
}

describe('the clients of docs/testing-your-client.md', () => {
  it('curl: loses an answer, and presents nothing twice', async () => {
    await installed('curl')

    const { code, out } = await client('sh', 'client.sh')

    expect(out).toBe('the answer was lost\npresented twice: 0\n')
    expect(code).toBe(0)
  })

  it('Python: is caught when two threads present one token', async () => {
    await installed('python3')

    const { code, out, tally } = await client('python3', 'client.py')

    expect(code).toBe(1)
    expect(JSON.parse(out)).toEqual({ presented_twice: 1, failures: ['invalid_grant'] })
    expect(tally.grants).toMatchObject([{ live: false }])
  })

  it('Python: passes with a lock and a second look', async () => {
    await installed('python3')

    const { code, out, tally } = await client('python3', 'client.py', { LOCK: '1' })

    expect([code, JSON.parse(out)]).toEqual([0, { presented_twice: 0, failures: [] }])
    expect(tally.grants).toMatchObject([{ live: true }])
  })

  it('MCP: the SDK signs in and refreshes, and a second process ends the grant', async () => {
    const { code, out, tally } = await client(process.execPath, 'mcp-client.mjs')

    expect([code, JSON.parse(out)]).toEqual([
      0,
      {
        signedIn: 'AUTHORIZED',
        refreshed: 'AUTHORIZED',
        late: 'InvalidGrantError',
        presentedTwice: 1,
      },
    ])
    expect(tally.grants).toMatchObject([{ live: false }])
  })
})
