import type { NextConfig } from 'next'

const config: NextConfig = {
  // This folder lies within another package, whose lock file Next would take for the root.
  turbopack: { root: import.meta.dirname },
  outputFileTracingRoot: import.meta.dirname,
}

export default config
