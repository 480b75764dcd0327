// SPDX-License-Identifier: EUPL-1.2

import HTTPTypes
import HummingbirdCore
import KreisCore
import KreisTransport
import NIOCore
import SwiftProtobuf

/// Content as messages: protobuf in, protobuf or its JSON mapping out.
extension HubRequest {
  /// Whether the answer should be readable for people.
  var wantsJSON: Bool { fields[.accept]?.contains("application/json") ?? false }

  /// The bytes of a message as it was before compression.
  func content(_ bytes: [UInt8], limit: Int) throws(Problem) -> [UInt8] {
    if let type = fields[.contentType], type != MediaType.message {
      throw Problem(
        .unsupportedMediaType, "media-type", "The content is of another type",
        "Content of the type \(type) is not read here, only \(MediaType.message).")
    }
    switch fields[.contentEncoding] {
    case nil, "identity": return bytes
    case "zstd":
      do throws(ZstdError) { return try Zstd.decompress(bytes, limit: limit) } catch {
        if case .tooLarge = error { throw .tooLarge(limit: limit) }
        throw .malformed(error.description)
      }
    case let other?:
      throw Problem(
        .unsupportedMediaType, "content-encoding", "The content is encoded in another way",
        "Content in the encoding \(other) is not read here, only zstd and identity.")
    }
  }

  func message<M: Message>(_ type: M.Type, of content: [UInt8]) throws(Problem) -> M {
    do { return try M(serializedBytes: content) } catch { throw .notTheMessage }
  }

  /// An answer with one message, in the form that the request asked for.
  func answer(_ message: some Message, status: HTTPResponse.Status = .ok) throws -> Response {
    let bytes: [UInt8] =
      wantsJSON ? try message.jsonUTF8Bytes() : try message.serializedBytes()
    return Response(
      status: status,
      headers: [.contentType: wantsJSON ? "application/json" : MediaType.message],
      body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
  }
}
