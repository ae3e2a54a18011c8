/** Milliseconds, or until a promise settles: a test lets go when it has seen what it waits for. */
export type Wait = number | Promise<unknown>

interface Timing {
  /** Waited before the authorization server sees the request. */
  readonly before?: Wait
  /** Waited when it has answered, before anything of the answer is sent. */
  readonly after?: Wait
}

/** What happens to one presentation of a refresh token on its way to the server or back. */
export type Fault = Timing &
  (
    | { readonly kind: 'delay' }
    /** The connection is cut; the authorization server never sees the request. */
    | { readonly kind: 'cut_before' }
    /** The authorization server has processed the request; its answer is lost. */
    | { readonly kind: 'cut_after' }
    /** The answer breaks off after so many bytes of its body. 0: after the headers. */
    | { readonly kind: 'cut_at'; readonly bytes: number }
    /** Somebody on the way answers instead. `processed`: after the authorization server did. */
    | {
        readonly kind: 'status'
        readonly status: number
        readonly retryAfterSeconds?: number
        readonly body?: string
        readonly processed?: boolean
      }
  )

export interface Faults {
  /** One for each of the presentations to come, in this order. */
  next(...faults: readonly Fault[]): void
  /** How many have not happened yet. */
  readonly pending: number
}

/** A queue of faults, and the end from which they are taken. */
export function faultQueue(): { readonly faults: Faults; take(): Fault | undefined } {
  const queue: Fault[] = []
  return {
    faults: {
      next(...faults) {
        queue.push(...faults)
      },
      get pending() {
        return queue.length
      },
    },
    take: () => queue.shift(),
  }
}
