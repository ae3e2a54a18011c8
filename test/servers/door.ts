import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/** A port that leads to another one: the address of whoever is primary, or a link that breaks. */
export interface Door extends AsyncDisposable {
  readonly port: number
  /** Leads elsewhere from now on. Connections that stand are cut. */
  leadTo(port: number): void
  /** Cuts what stands, and lets nobody through. */
  shut(): void
}

/** Opens a door of 127.0.0.1. */
export async function openDoor(to: number): Promise<Door> {
  let target: number | undefined = to
  const sockets = new Set<Socket>()
  const cut = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  const keep = (socket: Socket, other: Socket): void => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => {
      sockets.delete(socket)
      other.destroy()
    })
  }
  const server = createServer((from) => {
    if (target === undefined) return void from.destroy()
    const onward = connect(target, '127.0.0.1')
    keep(from, onward)
    keep(onward, from)
    from.setNoDelay(true).pipe(onward.setNoDelay(true)).pipe(from)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')

  return {
    port: (server.address() as AddressInfo).port,
    leadTo(port) {
      target = port
      cut()
    },
    shut() {
      target = undefined
      cut()
    },
    async [Symbol.asyncDispose]() {
      server.close()
      cut()
      await once(server, 'close')
    },
  }
}
