const warned = new Set<string>()

/** Says it where Node says such things (`process.on('warning')`), once a process. */
export function warnOnce(message: string): void {
  if (warned.has(message)) return
  warned.add(message)
  const { process } = globalThis as { process?: Partial<NodeJS.Process> }
  process?.emitWarning?.(message, { code: 'REFRESH_ONCE_STORE' })
}
