/** A variable of the environment. Looked up at run time: not every platform has one. */
export function variable(name: string): string | undefined {
  return (globalThis as Host).process?.env?.[name]
}

interface Host {
  readonly process?: { readonly env?: Readonly<Record<string, string | undefined>> }
}
