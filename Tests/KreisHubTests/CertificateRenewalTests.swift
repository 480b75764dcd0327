// SPDX-License-Identifier: EUPL-1.2

import Crypto
import Foundation
import HTTPTypes
import HummingbirdCore
import KreisCore
import KreisTransport
import NIOCore
import ServiceLifecycle
import Synchronization
import Testing

@testable import KreisHub

extension HubTests {
  @Suite struct CertificateRenewalTests {
    private static let greet: HubServer.Handler = { _ in
      Response(status: .ok, body: ResponseBody(byteBuffer: ByteBuffer(string: "hello")))
    }

    private func certificate() throws -> HubCertificate {
      try HubCertificate.selfSigned(for: "https://127.0.0.1", now: TestHub.now)
    }

    private func reaches(_ port: Int, _ key: Hash256) async throws -> Bool {
      let client = try CurlTransport(
        endpoint: HubEndpoint(
          url: "https://127.0.0.1:\(port)", trust: .pinned(sha256: key.bytes), proxy: .none))
      let answer = try? await client.send(ClientRequest(.get, "/"))
      await client.shutdown()
      return answer?.status == 200
    }

    @Test func `New connections see the changed certificate, and an open stream goes on`()
      async throws
    {
      let (pieces, piece) = AsyncStream<ByteBuffer>.makeStream()
      let stream: HubServer.Handler = { request in
        guard request.path == "/stream" else { return try await Self.greet(request) }
        return Response(
          status: .ok,
          body: ResponseBody { writer in
            for await bytes in pieces { try await writer.write(bytes) }
            try await writer.finish(nil)
          })
      }
      let made = Mutex<HubServer?>(nil)
      let make: (HubCertificate, @escaping @Sendable (Int) -> Void) throws -> HubServer = {
        let server = try HubServer(
          configuration: .testing(), certificate: $0, clock: .system, logger: .quiet, onReady: $1,
          handler: stream)
        made.withLock { $0 = server }
        return server
      }
      try await RunningServer.with(make) { server in
        let (old, new) = (server.certificate, try certificate())
        let hub = try #require(made.withLock { $0 })
        piece.yield(ByteBuffer(string: "before"))
        let follower = try await server.client.open(ClientRequest(.get, "/stream"))
        #expect(try await follower.next() == Array("before".utf8))

        #expect(try hub.certificate.change(to: new, others: []))
        #expect(hub.certificate.current.keyHash == new.keyHash)
        #expect(try await reaches(server.port, new.keyHash))
        #expect(try await !reaches(server.port, old.keyHash))
        #expect(try !hub.certificate.change(to: new, others: []))

        piece.yield(ByteBuffer(string: "after"))
        #expect(try await follower.next() == Array("after".utf8))
        piece.finish()
        #expect(try await follower.next() == nil)
      }
    }

    @Test func `Renewed files are noticed without a signal, and unusable ones are left alone`()
      async throws
    {
      let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      defer { try? FileManager.default.removeItem(at: folder) }
      let (pem, key) = (folder.path + "/cert.pem", folder.path + "/key.pem")
      let (first, second) = (try certificate(), try certificate())
      try Data(first.keyPEM.utf8).write(to: URL(filePath: key))
      try Data(first.certificatePEM.utf8).write(to: URL(filePath: pem))
      let served = try ServedCertificate(first, named: NamedTLSKeys(keys: [first.keyHash]))
      let (looks, looked) = AsyncStream<Result<Bool, any Error>>.makeStream()
      let renewal = CertificateRenewal(every: .milliseconds(5), logger: .quiet) {
        let result = Result {
          try served.change(
            to: HubCertificate(certificateFile: pem, keyFile: key, now: TestHub.now), others: [])
        }
        looked.yield(result)
        return try result.get()
      }
      let watching = Task { try await renewal.run() }
      defer { watching.cancel() }
      #expect(try await looks.first { _ in true }?.get() == false)

      // The key first: for a moment the two do not fit.
      try Data(second.keyPEM.utf8).write(to: URL(filePath: key))
      let failure = await looks.first { if case .failure = $0 { true } else { false } }
      #expect(failure != nil)
      #expect(served.current.keyHash == first.keyHash)
      try Data(second.certificatePEM.utf8).write(to: URL(filePath: pem))
      let change = await looks.first { (try? $0.get()) == true }
      #expect(change != nil)
      #expect(served.current.keyHash == second.keyHash)
    }

    @Test func `The hub names the key of the certificate that it serves`() throws {
      let (first, second, proxy) = (try certificate(), try certificate(), try certificate())
      let named = NamedTLSKeys(keys: [first.keyHash])
      let served = try ServedCertificate(first, named: named)
      _ = try served.change(to: second, others: [proxy.keyHash, second.keyHash])
      #expect(named.keys == [second.keyHash, proxy.keyHash])
    }
  }
}
