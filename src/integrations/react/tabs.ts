/** What tabs tell each other. A code: never a session, a user or a token. */
export interface Message {
  readonly code: 'ended' | 'recovered' | 'signing_out' | 'signed_out'
  /** A number that the sender drew, to tell which of two comes first. */
  readonly tab: number
}

/** The other tabs of this origin. */
export interface Tabs {
  post(message: Message): void
  close(): void
}

const CODES: ReadonlySet<unknown> = new Set<Message['code']>([
  'ended',
  'recovered',
  'signing_out',
  'signed_out',
])

/** By BroadcastChannel, else by the `storage` event, else by nothing: a tab is then on its own. */
export function openTabs(name: string, hear: (message: Message) => void): Tabs {
  const listen = (value: unknown): void => {
    if (isMessage(value)) hear(value)
  }
  return byChannel(name, listen) ?? byStorage(name, listen)
}

function byChannel(name: string, listen: (value: unknown) => void): Tabs | undefined {
  if (typeof BroadcastChannel !== 'function') return undefined
  const channel = new BroadcastChannel(name)
  channel.addEventListener('message', ({ data }: MessageEvent) => listen(data))
  return {
    // What a message is sent with: two channels of one page hear each other, too.
    post: ({ code, tab }) => channel.postMessage({ code, tab }),
    close: () => channel.close(),
  }
}

/** The event reaches the other tabs only, and only when a value changes: so it is taken away. */
function byStorage(name: string, listen: (value: unknown) => void): Tabs {
  const onStorage = ({ key, newValue }: StorageEvent): void => {
    if (key === name && newValue !== null) listen(parsed(newValue))
  }
  globalThis.addEventListener?.('storage', onStorage)
  return {
    post({ code, tab }) {
      try {
        localStorage.setItem(name, JSON.stringify({ code, tab }))
        localStorage.removeItem(name)
      } catch {
        // No storage, or it is full: a tab is then on its own.
      }
    },
    close: () => globalThis.removeEventListener?.('storage', onStorage),
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isMessage(value: unknown): value is Message {
  if (typeof value !== 'object' || value === null) return false
  const { code, tab } = value as Partial<Message>
  return CODES.has(code) && typeof tab === 'number'
}
