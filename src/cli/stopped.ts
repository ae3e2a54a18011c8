/** Resolves when somebody ends the program: by Ctrl-C, or by the signal of a supervisor. */
export function stopped(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
  })
}
