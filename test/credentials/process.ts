/** One process that uses a credential file, ruled by its parent. Bundled by processes.ts. */
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { oidc } from '../../providers/oidc.ts'
import { credentialsFile } from '../../src/credentials/credentials-file.ts'
import { isRefreshError } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import type { Request, Setup } from './processes.ts'

const { path, issuer, killAt } = JSON.parse(process.env['SETUP']!) as Setup

let steps = 0
let isArmed = false

/** Kills this process when it is its turn: before the step, or in the middle of it. */
function step(half?: () => void): void {
  if (!isArmed || killAt === undefined) return
  steps += 1
  if (steps !== killAt) return
  half?.()
  process.kill(process.pid, 'SIGKILL')
}

/** Lets every call of the disk be a step. */
function countSteps(): void {
  const { promises } = fs
  for (const name of [
    'lstat',
    'stat',
    'mkdir',
    'readdir',
    'readFile',
    'rename',
    'unlink',
  ] as const) {
    const real = promises[name] as (...args: unknown[]) => Promise<unknown>
    Object.assign(promises, {
      [name]: async (...args: unknown[]) => {
        step()
        return real.apply(promises, args)
      },
    })
  }
  const open = promises.open
  promises.open = async (...args) => {
    step()
    const handle = await open(...args)
    const writeFile = handle.writeFile.bind(handle)
    const sync = handle.sync.bind(handle)
    const close = handle.close.bind(handle)
    handle.writeFile = async (data, options) => {
      step(() => {
        const bytes = data as Uint8Array
        fs.writeSync(handle.fd, bytes.subarray(0, bytes.length / 2))
      })
      return writeFile(data, options)
    }
    handle.sync = async () => {
      step()
      return sync()
    }
    handle.close = async () => {
      step()
      return close()
    }
    return handle
  }
  const renameSync = fs.renameSync
  fs.renameSync = (from, to) => {
    step()
    renameSync(from, to)
    step()
  }
  syncBuiltinESMExports()
}

countSteps()
const file = credentialsFile({ path, ...(issuer === undefined && { store: memoryStore() }) })
const source = file.source({
  provider: oidc({ issuer: issuer ?? 'https://id.example.com', rotation: 'always' }),
  client: { id: 'public' },
  refusedFloorMs: 0,
  onEvent: () => {},
})

async function obey(request: Request): Promise<unknown> {
  switch (request.type) {
    case 'token':
      return source.accessToken('default', request.refused ? { refused: request.refused } : {})
    case 'save': {
      isArmed = true
      const now = await file.load('default')
      await file.save('default', request.next, now!)
      isArmed = false
      return steps
    }
  }
}

process.on('message', (request: Request) => {
  obey(request).then(
    (answer) => process.send!({ answer }),
    (error: unknown) => process.send!({ code: isRefreshError(error) ? error.code : String(error) }),
  )
})
process.on('disconnect', () => process.exit())
process.send!({ answer: 'ready' })
