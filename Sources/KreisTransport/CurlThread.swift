// SPDX-License-Identifier: EUPL-1.2

import CCurl

/// The thread that runs all transfers of one transport.
///
/// The instance is made, used and dropped on that thread.
final class CurlThread {
  /// What the thread is born with.
  final class Start: Sendable {
    let mailbox: CurlMailbox
    let endpoint: HubEndpoint

    init(mailbox: CurlMailbox, endpoint: HubEndpoint) {
      self.mailbox = mailbox
      self.endpoint = endpoint
    }
  }

  private let mailbox: CurlMailbox
  private let endpoint: HubEndpoint
  private var transfers: [UInt: CurlTransfer] = [:]
  private var multi: UnsafeMutableRawPointer { mailbox.multi }

  private init(_ start: Start) {
    mailbox = start.mailbox
    endpoint = start.endpoint
  }

  /// Starts the thread, which ends when the mailbox is closed; false when the system has none.
  static func start(_ start: Start) -> Bool {
    let context = Unmanaged.passRetained(start)
    let error = ccurl_start_thread(
      { context in
        guard let context else { return }
        CurlThread.run(Unmanaged<Start>.fromOpaque(context).takeUnretainedValue())
      },
      { context in
        guard let context else { return }
        Unmanaged<Start>.fromOpaque(context).takeRetainedValue().mailbox.ended()
      }, context.toOpaque())
    if error != 0 { context.release() }
    return error == 0
  }

  private static func run(_ start: Start) {
    let multi = start.mailbox.multi
    ccurl_multi_set_long(multi, CURLMOPT_PIPELINING, Int(CURLPIPE_MULTIPLEX))
    ccurl_multi_set_long(multi, CURLMOPT_MAX_HOST_CONNECTIONS, maximumConnections)
    CurlThread(start).loop()
    curl_multi_cleanup(multi)
  }

  /// Streams included. Requests beyond that wait for a connection or share one.
  private static let maximumConnections = 32

  private func loop() {
    while true {
      let (commands, isOpen) = mailbox.take()
      for command in commands { execute(command, isOpen: isOpen) }
      guard isOpen else { break }

      var running: Int32 = 0
      curl_multi_perform(multi, &running)
      collect()
      let wait = expire()
      curl_multi_poll(multi, nil, 0, wait, nil)
    }
    for transfer in transfers.values {
      curl_multi_remove_handle(multi, transfer.easy)
      transfer.finish(.cancelled)
    }
    transfers = [:]
  }

  private func execute(_ command: CurlMailbox.Command, isOpen: Bool) {
    switch command {
    case .start(let job):
      guard isOpen, !job.cancellation.isRequested else {
        return job.refuse(.cancelled)
      }
      do throws(TransportError) {
        let transfer = try CurlTransfer(job, endpoint: endpoint, mailbox: mailbox)
        transfers[job.id] = transfer
        curl_multi_add_handle(multi, transfer.easy)
      } catch {
        job.refuse(error)
      }
    case .cancel(let id):
      end(id, with: .cancelled)
    case .resume(let id):
      transfers[id]?.resume()
    }
  }

  /// Ends the transfers that curl is done with.
  private func collect() {
    var left: Int32 = 0
    while let message = curl_multi_info_read(multi, &left) {
      guard message.pointee.msg == CURLMSG_DONE, let easy = message.pointee.easy_handle else {
        continue
      }
      // Removing the handle frees the message.
      let result = ccurl_message_result(message)
      let id = UInt(ccurl_get_tag(easy))
      guard let transfer = transfers[id] else { continue }
      end(id, with: result == CURLE_OK ? nil : transfer.failure(result))
    }
  }

  /// Ends the transfers whose time is over; returns the milliseconds until the next one's is.
  private func expire() -> Int32 {
    let now = ContinuousClock.now
    var next = now + .seconds(3600)
    for (id, transfer) in transfers {
      guard let (deadline, instant) = transfer.nextDeadline() else { continue }
      if instant <= now {
        end(id, with: transfer.timedOut(deadline))
      } else {
        next = min(next, instant)
      }
    }
    let wait = (next - now).components
    return Int32(wait.seconds * 1000 + wait.attoseconds / 1_000_000_000_000_000 + 1)
  }

  private func end(_ id: UInt, with error: TransportError?) {
    guard let transfer = transfers.removeValue(forKey: id) else { return }
    curl_multi_remove_handle(multi, transfer.easy)
    transfer.finish(error)
  }
}
