import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { startScript } from '../credentials/processes.ts'
import { temporaryDirectory } from '../servers/process.ts'
import type { McpReport, McpRequest, McpSetup } from './process.ts'
import { startMcpScene } from './server.ts'

const PROCESSES = 7
const HOUR_MS = 3_600_000

async function fleet(kinds: readonly McpSetup['sdk'][]) {
  const scene = await startMcpScene()
  const directory = await temporaryDirectory('mcp')
  const path = join(directory, 'credentials.json')
  const processes = await Promise.all(
    kinds.map((sdk) =>
      startScript<McpRequest>('test/mcp/process.ts', { path, url: scene.url, sdk }),
    ),
  )
  onTestFinished(async () => {
    await Promise.all(processes.map((each) => each.stop()))
    await scene[Symbol.asyncDispose]()
    await rm(directory, { recursive: true, maxRetries: 10 })
  })
  const all = async (request: McpRequest): Promise<McpReport> => {
    const said = await Promise.all(processes.map((each) => each.ask(request)))
    const reports = said.map((each) => each?.answer as McpReport)
    return {
      answered: reports.reduce((sum, { answered }) => sum + answered, 0),
      failed: reports.flatMap(({ failed }) => failed),
      opened: reports.reduce((sum, report) => sum + report.opened, 0),
    }
  }
  return { scene, path, all, processes }
}

const KINDS = ['1', '2', '1', '2', '1', '2', '1'] as const

it('signs in once for seven processes, and presents each refresh token once', async () => {
  const { scene, all, path } = await fleet(KINDS)
  const { counts } = scene.authorizationServer

  const first = await all({ type: 'calls', count: 5 })

  expect(first).toEqual({ answered: 5 * PROCESSES, failed: [], opened: 1 })
  for (let expiry = 1; expiry <= 3; expiry += 1) {
    scene.expire()
    await all({ type: 'wake', afterMs: 2 * HOUR_MS })
    const woken = await all({ type: 'calls', count: 5 })
    expect(woken).toEqual({ answered: 5 * PROCESSES, failed: [], opened: 1 })
    expect(counts()).toMatchObject({ presentations: expiry, presentedTwice: 0, reuses: 0 })
  }
  const { details } = JSON.parse(await readFile(path, 'utf8')) as {
    details: Record<string, { current: { resource: string; issuer: string } }>
  }
  expect(details[scene.url]!.current).toMatchObject({
    resource: scene.url,
    issuer: scene.authorizationServer.issuer,
  })
})

it('asks the user once for a scope that is missing', async () => {
  const { scene, all } = await fleet(['1', '2', '1'])
  await all({ type: 'calls', count: 1, tool: 'admin' })

  const report = await all({ type: 'calls', count: 2, tool: 'admin' })

  expect(report).toEqual({ answered: 6, failed: [], opened: 2 })
  expect(scene.authorizationServer.counts()).toMatchObject({ presentedTwice: 0, reuses: 0 })
})

it("loses the grant with the SDK's own refresh, in the same scene", async () => {
  const naive = Array.from({ length: PROCESSES }, () => 'naive' as const)
  const { scene, all, processes } = await fleet(naive)
  await processes[0]!.ask({ type: 'sign in' })
  const before = await all({ type: 'calls', count: 1 })
  scene.expire()

  const woken = await all({ type: 'calls', count: 5 })

  expect(before.failed).toEqual([])
  expect(woken.failed.length).toBeGreaterThan(0)
  expect(scene.authorizationServer.counts().reuses).toBeGreaterThan(0)
})
