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
 * Connects the tabs by BroadcastChannel, or by the `storage` event. If the browser has or allows
 * neither, each tab acts alone. Never throws, and neither do the functions of the result: where
 * cookies are blocked, or in a sandboxed frame, each of these calls may throw.
 */
export function openTabs(name: string, hear: (message: TabMessage) => void): Tabs {
  const listen = (value: unknown): void => {
    if (isTabMessage(value)) hear(value)
  }
  const tabs = attempted(() => byChannel(name, listen)) ?? attempted(() => byStorage(name, listen))
  return {
    post: (message) => attempted(() => tabs?.post(message)),
    close: () => attempted(() => tabs?.close()),
  }
}

/** @returns `undefined` if the browser, or the application, throws. */
export function attempted<T>(step: () => T): T | undefined {
  try {
    const value = step()
    if (value instanceof Promise) value.catch(() => {})
    return value
  } catch {
    return undefined
  }
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
    if (key === name && newValue !== null) listen(attempted(() => JSON.parse(newValue) as unknown))
  }
  globalThis.addEventListener?.('storage', onStorage)
  return {
    post({ code, tab }) {
      localStorage.setItem(name, JSON.stringify({ code, tab }))
      localStorage.removeItem(name)
    },
    close: () => globalThis.removeEventListener?.('storage', onStorage),
  }
}

function isTabMessage(value: unknown): value is TabMessage {
  if (typeof value !== 'object' || value === null) return false
  const { code, tab } = value as Partial<TabMessage>
  return CODES.has(code) && typeof tab === 'number'
}
