/** A message between tabs. It is a code and never has a session, a user or a token. */
export interface TabMessage {
  readonly code: 'ended' | 'recovered' | 'signing_out' | 'signed_out'
  /** A random number of the sender. Of two tabs that sign out at once, the lower number wins. */
  readonly tab: number
}

/** The connection to the other tabs of this origin. */
export interface Tabs {
  post(message: TabMessage): void
  close(): void
}

const CODES: ReadonlySet<unknown> = new Set<TabMessage['code']>([
  'ended',
  'recovered',
  'signing_out',
  'signed_out',
])

/**
 * Connects the tabs by BroadcastChannel, or by the `storage` event. If the browser has neither,
 * each tab acts alone.
 */
export function openTabs(name: string, hear: (message: TabMessage) => void): Tabs {
  const listen = (value: unknown): void => {
    if (isTabMessage(value)) hear(value)
  }
  return byChannel(name, listen) ?? byStorage(name, listen)
}

function byChannel(name: string, listen: (value: unknown) => void): Tabs | undefined {
  if (typeof BroadcastChannel !== 'function') return undefined
  const channel = new BroadcastChannel(name)
  channel.addEventListener('message', ({ data }: MessageEvent) => listen(data))
  return {
    // The message has the sender's number, because two channels of one page hear each other too.
    post: ({ code, tab }) => channel.postMessage({ code, tab }),
    close: () => channel.close(),
  }
}

/**
 * Connects the tabs by the `storage` event. The browser sends it to the other tabs only, and only
 * if a value changes. So each message is removed at once.
 */
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
        // There is no storage, or it is full: this tab acts alone.
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

function isTabMessage(value: unknown): value is TabMessage {
  if (typeof value !== 'object' || value === null) return false
  const { code, tab } = value as Partial<TabMessage>
  return CODES.has(code) && typeof tab === 'number'
}
