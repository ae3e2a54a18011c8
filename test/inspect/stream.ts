/** The events of a page's server, as a page gets them. */
export interface Stream {
  /** The name of the last line that came. */
  readonly lastId: string | undefined
  readonly ended: Promise<boolean>
  /** The next lines, as soon as so many have come. */
  take(count: number): Promise<string[]>
  close(): void
}

/** @param lastId What is said to have come before. */
export async function streamOf(url: string, lastId?: string): Promise<Stream> {
  const stop = new AbortController()
  const response = await fetch(`${url}events`, {
    signal: stop.signal,
    headers: { ...(lastId !== undefined && { 'last-event-id': lastId }) },
  })
  if (!response.ok) throw new Error(`the stream is refused: ${response.status}`)
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
  const come: string[] = []
  let id: string | undefined
  let wake = (): void => {}

  async function listen(): Promise<boolean> {
    let rest = ''
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return true
      const events = (rest + value).split('\n\n')
      rest = events.pop()!
      for (const event of events) {
        const fields = new Map(
          event.split('\n').map((field) => field.split(/: (.*)/, 2) as [string, string]),
        )
        id = fields.get('id') ?? id
        if (fields.has('data')) come.push(fields.get('data')!)
      }
      wake()
    }
  }

  return {
    get lastId() {
      return id
    },
    ended: listen().catch(() => true),
    async take(count) {
      while (come.length < count) await new Promise<void>((resolve) => (wake = resolve))
      return come.splice(0, count)
    },
    close: () => stop.abort(),
  }
}
