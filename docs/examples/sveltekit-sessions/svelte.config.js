export default {
  kit: {
    // The sign-out of refresh-once checks the origin itself, and so does SvelteKit.
    outDir: process.env.SVELTE_OUT ?? '.svelte-kit',
  },
}
