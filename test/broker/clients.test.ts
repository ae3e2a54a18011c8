import { spawnSync, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { routes } from '../../src/broker/request.ts'
import { installed } from '../servers/debian.ts'
import { expired, staged } from './stage.ts'

const FOLDER = fileURLToPath(new URL('../../docs/examples/broker/', import.meta.url))
const TOKEN = 'c'.repeat(32)

/** Runs a program without blocking the broker of this process. */
function ran(program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const child = spawn(program, args, { env: { ...process.env, ...env } })
  let out = ''
  child.stdout.on('data', (chunk) => (out += String(chunk)))
  child.stderr.on('data', (chunk) => (out += String(chunk)))
  return new Promise<{ readonly code: number | null; readonly out: string }>((resolve) => {
    child.once('close', (code) => resolve({ code, out }))
  })
}

describe('the clients of docs/examples/broker', () => {
  it.each([
    ['curl', () => installed('curl'), 'client.sh', 'sh'],
    ['Python', () => installed('python3'), 'client.py', 'python3'],
    ['Node', async () => process.execPath, 'client.mjs', process.execPath],
  ])('get an access token with %s', async (_, program, file, runner) => {
    await program()
    const clients = { nightly: { token: TOKEN, grants: ['crm-*'] } }
    const { server, ask, options } = await staged({ clients })
    const { socket } = options.listen as { readonly socket: string }
    const headers = { authorization: `Bearer ${TOKEN}` }
    const body = { provider: 'crm', tokens: expired(server) }
    await ask('PUT /v1/grants/crm-1', { headers, body })

    const got = await ran(runner, [FOLDER + file, socket, 'crm-1'], { BROKER_TOKEN: TOKEN })
    const none = await ran(runner, [FOLDER + file, socket, 'crm-2'], { BROKER_TOKEN: TOKEN })

    const { body: right } = await ask('GET /v1/grants/crm-1/token', { headers })
    expect(got).toMatchObject({ code: 0 })
    expect(got.out).toContain(right['access_token'])
    expect(none.code).not.toBe(0)
    expect(none.out).toContain('no_grant')
  })
})

describe('openapi.json', () => {
  const text = readFileSync(`${FOLDER}openapi.json`, 'utf8')
  const described = JSON.parse(text) as {
    readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  }

  it('has every path and method of the broker, and no other', () => {
    const found = Object.entries(described.paths).map(([path, methods]) => {
      const names = Object.keys(methods).filter((name) => name !== 'parameters')
      return [path, names.map((name) => name.toUpperCase()).toSorted()] as const
    })

    const served = Object.entries(routes()).map(([path, names]) => [path, names.toSorted()])
    expect(Object.fromEntries(found)).toEqual(Object.fromEntries(served))
  })

  it('refers to nothing that is not there', () => {
    for (const [, reference] of text.matchAll(/"\$ref": "#\/([^"]+)"/g)) {
      const found = reference!
        .split('/')
        .reduce<unknown>((at, name) => Object(at)[name] as unknown, described)
      expect(found, reference).toBeDefined()
    }
  })
})

describe('refresh-once.service', () => {
  it('is a unit as systemd reads it', () => {
    const unit = readFileSync(`${FOLDER}refresh-once.service`, 'utf8')
    for (const line of unit.split('\n').filter((each) => !/^(?:#|$)/.test(each))) {
      expect(line).toMatch(/^(?:\[\w+\]|[A-Z]\w+=\S.*)$/)
    }
    const verified = spawnSync('systemd-analyze', ['verify', `${FOLDER}refresh-once.service`])
    const said = verified.error === undefined ? String(verified.stderr) : ''
    expect(said).not.toMatch(/Unknown|Failed to parse/)
  })
})
