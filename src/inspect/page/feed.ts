import { readLine } from '../recording.ts'
import type { RecordedLine } from '../recording.ts'

export type FeedState = 'connecting' | 'live' | 'lost'

/** What comes from the server: its recent history, then each line as it happens. */
export interface Feed {
  close(): void
}

/**
 * Connects to the server that the page came from, and again whenever the connection is lost.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export function openFeed(
  onLine: (line: RecordedLine) => void,
  onState: (state: FeedState) => void,
): Feed {
  const source = new EventSource('events')
  source.addEventListener('open', () => onState('live'))
  // A browser gives up on an answer that is no stream: then there is nothing left to wait for.
  source.addEventListener('error', () => {
    onState(source.readyState === EventSource.CLOSED ? 'lost' : 'connecting')
  })
  source.addEventListener('message', ({ data }: MessageEvent<string>) => {
    const line = readLine(data)
    if (line !== undefined) onLine(line)
  })
  return { close: () => source.close() }
}
