// SPDX-License-Identifier: EUPL-1.2

import CCurl
import Foundation
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1))) struct CurlThreadTests {
  /// What is freed at the end of a thread, as OpenSSL's part of it is.
  private final class Ending: Sendable {
    let isFreed = Atomic(false)
    let wasFreedBefore: AsyncStream<Bool>.Continuation

    init(_ continuation: AsyncStream<Bool>.Continuation) { wasFreedBefore = continuation }

    static func at(_ context: UnsafeMutableRawPointer?) -> Ending? {
      context.map { Unmanaged<Ending>.fromOpaque($0).takeUnretainedValue() }
    }
  }

  private static let key = {
    var key = pthread_key_t()
    pthread_key_create(&key) { context in
      // Whoever is told too early has the time to find out.
      usleep(50_000)
      Ending.at(context)?.isFreed.store(true, ordering: .sequentiallyConsistent)
    }
    return key
  }()

  @Test func `A thread's end is told when what libraries keep for it is freed`() async throws {
    let (endings, continuation) = AsyncStream<Bool>.makeStream()
    let ending = Ending(continuation)
    let error = ccurl_start_thread(
      { context in _ = pthread_setspecific(CurlThreadTests.key, context) },
      { context in
        guard let ending = Ending.at(context) else { return }
        ending.wasFreedBefore.yield(ending.isFreed.load(ordering: .sequentiallyConsistent))
      }, Unmanaged.passUnretained(ending).toOpaque())
    try #require(error == 0)
    for await wasFreed in endings {
      #expect(wasFreed)
      break
    }
    withExtendedLifetime(ending) {}
  }
}
