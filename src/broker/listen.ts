import { chmodSync, lstatSync, unlinkSync } from 'node:fs'
import type { Server } from 'node:http'
import { connect, type AddressInfo } from 'node:net'

/** Where a broker listens. */
export type ListenAt =
  /** A unix socket, for the user of the broker alone (mode 0600). */
  | { readonly socket: string }
  /** A port. `host` is 127.0.0.1 unless another one is given. */
  | { readonly port: number; readonly host?: string | undefined }

/** A socket that another program is using. */
class SocketTaken extends Error {
  readonly code = 'EADDRINUSE'
}

/**
 * Listens. A socket that a killed broker left behind is replaced; one that answers is not.
 *
 * @returns The address for messages: `unix:/run/broker.sock`, or `http://127.0.0.1:8080`.
 * @throws {SocketTaken} If a broker is there already, or a file that is no socket.
 */
export async function listen(server: Server, at: ListenAt): Promise<string> {
  if ('socket' in at) {
    await clearStale(at.socket)
    // Before the mode is set, nobody else may connect either.
    const umask = process.umask(0o177)
    try {
      await listening(server, () => server.listen(at.socket))
    } finally {
      process.umask(umask)
    }
    chmodSync(at.socket, 0o600)
    return `unix:${at.socket}`
  }
  const { port, host = '127.0.0.1' } = at
  await listening(server, () => server.listen(port, host))
  const name = host.includes(':') ? `[${host}]` : host
  return `http://${name}:${(server.address() as AddressInfo).port}`
}

function listening(server: Server, begin: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.once('listening', () => {
      server.off('error', reject)
      resolve()
    })
    begin()
  })
}

async function clearStale(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (found === undefined) return
  if (!found.isSocket()) throw new SocketTaken(`${path} is there, and is no socket`)
  if (await answers(path)) throw new SocketTaken(`another program listens at ${path}`)
  unlinkSync(path)
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
