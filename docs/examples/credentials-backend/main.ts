// The backend on http://localhost:4000, with access tokens of ten seconds.
import { backend } from './backend.ts'

const users = { ada: 'correct horse', bob: 'battery staple' }

backend({ users, accessTokenS: 10 }).listen(4000, () => {
  console.log('http://localhost:4000 knows ada (correct horse) and bob (battery staple)')
})
