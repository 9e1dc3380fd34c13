// PeerService: sessions, and what an operator does to one.
#include <fmt/format.h>

#include "api/services.hpp"
#include "api/stream.hpp"
#include "api/to_domain.hpp"
#include "api/to_proto.hpp"
#include "podbgp/v1/peer_service.grpc.pb.h"

namespace podbgp::api {

namespace {

constexpr Method kList{"PeerService/ListPeers"};
constexpr Method kGet{"PeerService/GetPeer"};
constexpr Method kReset{"PeerService/ResetPeer", Kind::Changes};
constexpr Method kDisable{"PeerService/DisablePeer", Kind::Changes};
constexpr Method kEnable{"PeerService/EnablePeer", Kind::Changes};

class PeerStream final : public Stream<v1::WatchPeersResponse>, public PeerWatchSink {
 public:
  using Stream::Stream;

  void on_changes(std::vector<PeerInfo> peers, std::vector<std::string> removed) override {
    v1::WatchPeersResponse message;
    for (auto& name : removed) message.add_removed(std::move(name));
    std::size_t bytes = 0;
    for (const auto& peer : peers) {
      if (bytes >= kStreamMessageBytes) {
        send(std::exchange(message, {}), false);
        bytes = 0;
      }
      auto* out = message.add_peers();
      fill(peer, *out);
      bytes += out->ByteSizeLong();
    }
    send(std::move(message), true);
  }

  void on_snapshot_end() override {
    v1::WatchPeersResponse message;
    message.set_snapshot_end(true);
    send(std::move(message), false);
  }
};

class PeerService final : public v1::PeerService::CallbackService {
 public:
  explicit PeerService(Host& host) : host_(host) {}

  grpc::ServerUnaryReactor* ListPeers(grpc::CallbackServerContext* context, const v1::ListPeersRequest* request,
                                      v1::ListPeersResponse* response) override {
    return host_.serve(context, kList, request->ByteSizeLong(), [&](std::shared_ptr<Call> call) {
      host_.backend().list_peers([call, response](auto peers) {
        if (!peers) return call->fail(peers.error());
        call->answer([&] {
          for (const auto& peer : *peers) fill(peer, *response->add_peers());
          return std::string();
        });
      });
    });
  }

  grpc::ServerUnaryReactor* GetPeer(grpc::CallbackServerContext* context, const v1::GetPeerRequest* request,
                                    v1::Peer* response) override {
    return host_.serve(context, kGet, request->ByteSizeLong(), [&](std::shared_ptr<Call> call) {
      Violations violations;
      check_peer(request->peer(), violations);
      if (call->refuse(violations)) return;
      host_.backend().get_peer(request->peer(), [call, response](auto peer) {
        if (!peer) return call->fail(peer.error());
        call->answer([&] {
          fill(*peer, *response);
          return std::string();
        });
      });
    });
  }

  grpc::ServerUnaryReactor* ResetPeer(grpc::CallbackServerContext* context, const v1::ResetPeerRequest* request,
                                      v1::ResetPeerResponse*) override {
    return change(context, kReset, *request, [&](std::shared_ptr<Call> call) {
      host_.backend().reset_peer(request->peer(), request->text(), done(std::move(call)));
    });
  }

  grpc::ServerUnaryReactor* DisablePeer(grpc::CallbackServerContext* context, const v1::DisablePeerRequest* request,
                                        v1::DisablePeerResponse*) override {
    return change(context, kDisable, *request, [&](std::shared_ptr<Call> call) {
      host_.backend().disable_peer(request->peer(), request->text(), done(std::move(call)));
    });
  }

  grpc::ServerUnaryReactor* EnablePeer(grpc::CallbackServerContext* context, const v1::EnablePeerRequest* request,
                                       v1::EnablePeerResponse*) override {
    return change(context, kEnable, *request, [&](std::shared_ptr<Call> call) {
      host_.backend().enable_peer(request->peer(), done(std::move(call)));
    });
  }

  grpc::ServerWriteReactor<v1::WatchPeersResponse>* WatchPeers(grpc::CallbackServerContext*,
                                                               const v1::WatchPeersRequest*) override {
    auto stream = std::make_shared<PeerStream>(host_);
    return stream->start(
        [&backend = host_.backend(), sink = std::weak_ptr(stream)] { return backend.watch_peers(sink.lock()); });
  }

 private:
  static Reply<void> done(std::shared_ptr<Call> call) {
    return [call = std::move(call)](net::Result<void, ApiError> result) {
      if (!result) return call->fail(result.error());
      call->answer([] { return std::string(); });
    };
  }

  template <class Request, class Body>
  grpc::ServerUnaryReactor* change(grpc::CallbackServerContext* context, const Method& method, const Request& request,
                                   Body body) {
    return host_.serve(context, method, request.ByteSizeLong(), [&](std::shared_ptr<Call> call) {
      Violations violations;
      check_peer(request.peer(), violations);
      std::string summary = "peer=" + shorten(request.peer(), 64);
      if constexpr (requires { request.text(); }) {
        check_text(request.text(), violations);
        if (!request.text().empty()) summary += fmt::format(" text={:?}", shorten(request.text(), 255));
      }
      call->describe(std::move(summary));
      if (!call->refuse(violations)) body(std::move(call));
    });
  }

  Host& host_;
};

}  // namespace

std::unique_ptr<grpc::Service> make_peer_service(Host& host) { return std::make_unique<PeerService>(host); }

}  // namespace podbgp::api
