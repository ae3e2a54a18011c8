/** Made by the build, the same for everyone. With a session, the proxy keeps it out of caches. */
export default function About() {
  return <h1>About</h1>
}
