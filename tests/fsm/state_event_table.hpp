// What a peer does in every situation with every event: "event: actions in order". An event that is not in a section does
// nothing there. tests/fsm/state_event_test.cpp compares; PODBGP_PRINT_TABLE=1 prints the present
// behaviour.
#pragma once

namespace podbgp::fsm::test {

// clang-format off
inline constexpr const char* kStateEventTable = R"table(
## Idle, stopped
ManualStart: dial, arm(ConnectRetry), Idle->Connect
IncomingOffered: refuse(NOTIFICATION 6/2)
TcpConnected(out): close(out)
TcpConnected(in): close(in)

## Idle, damped
ManualStop: stop(IdleHold)
Reset: stop(IdleHold), dial, arm(ConnectRetry), Idle->Connect
IncomingOffered: refuse
TimerExpired(IdleHold): dial, arm(ConnectRetry), Idle->Connect
TcpConnected(out): close(out)
TcpConnected(in): close(in)

## Connect
ManualStop: close(out), stop(ConnectRetry), Connect->Idle
Reset: close(out), stop(ConnectRetry), dial, arm(ConnectRetry)
LinkEvent: close(out), stop(ConnectRetry), dial, arm(ConnectRetry)
IncomingOffered: accept
TimerExpired(ConnectRetry): close(out), failed(connect-failed), dial, arm(ConnectRetry)
TcpConnected(out): stop(ConnectRetry), send(out OPEN), arm(Hold/out), Connect->OpenSent
TcpFailed(out): stop(ConnectRetry), failed(connect-failed), arm(ConnectRetry), Connect->Active
TcpConnected(in): send(in OPEN), arm(Hold/in), Connect->OpenSent

## Active
ManualStop: stop(ConnectRetry), Active->Idle
Reset: stop(ConnectRetry), dial, arm(ConnectRetry), Active->Connect
LinkEvent: stop(ConnectRetry), dial, arm(ConnectRetry), Active->Connect
IncomingOffered: accept
TimerExpired(ConnectRetry): dial, arm(ConnectRetry), Active->Connect
TcpConnected(out): close(out)
TcpConnected(in): send(in OPEN), arm(Hold/in), Active->OpenSent

## Active, passive
ManualStop: Active->Idle
IncomingOffered: accept
TcpConnected(out): close(out)
TcpConnected(in): send(in OPEN), arm(Hold/in), Active->OpenSent

## OpenSent out
ManualStop: send(out NOTIFICATION 6/2), close(out), stop(Hold/out), OpenSent->Idle
Reset: send(out NOTIFICATION 6/4), close(out), stop(Hold/out), arm(ConnectRetry), OpenSent->Active
LinkLost: close(out), stop(Hold/out), failed(link-down), arm(ConnectRetry), OpenSent->Active
IncomingOffered: accept
TimerExpired(Hold/out): send(out NOTIFICATION 4/0), close(out), failed(hold-timer-expired), arm(ConnectRetry), OpenSent->Active
TcpFailed(out): close(out), stop(Hold/out), failed(tcp-closed), arm(ConnectRetry), OpenSent->Active
OpenReceived(out): send(out KEEPALIVE), arm(Hold/out), arm(Keepalive/out), OpenSent->OpenConfirm
KeepaliveReceived(out): send(out NOTIFICATION 5/1), close(out), stop(Hold/out), failed(fsm-error-open-sent), arm(IdleHold), OpenSent->Idle
UpdateReceived(out): send(out NOTIFICATION 5/1), close(out), stop(Hold/out), failed(fsm-error-open-sent), arm(IdleHold), OpenSent->Idle
RouteRefreshReceived(out): send(out NOTIFICATION 5/1), close(out), stop(Hold/out), failed(fsm-error-open-sent), arm(IdleHold), OpenSent->Idle
NotificationReceived(out 6/2): close(out), stop(Hold/out), failed(notification-received), arm(ConnectRetry), OpenSent->Active
NotificationReceived(out 6/7): close(out), stop(Hold/out), failed(notification-received), arm(ConnectRetry), OpenSent->Active
NotificationReceived(out 2/2): close(out), stop(Hold/out), failed(notification-received), arm(IdleHold), OpenSent->Idle
MessageError(out 1/2): send(out NOTIFICATION 1/2), close(out), stop(Hold/out), failed(header-bad-length), arm(IdleHold), OpenSent->Idle
TcpConnected(in): send(in OPEN), arm(Hold/in)

## OpenConfirm out
ManualStop: send(out NOTIFICATION 6/2), close(out), stop(Hold/out), stop(Keepalive/out), OpenConfirm->Idle
Reset: send(out NOTIFICATION 6/4), close(out), stop(Hold/out), stop(Keepalive/out), arm(ConnectRetry), OpenConfirm->Active
LinkLost: close(out), stop(Hold/out), stop(Keepalive/out), failed(link-down), arm(ConnectRetry), OpenConfirm->Active
IncomingOffered: accept
TimerExpired(Hold/out): send(out NOTIFICATION 4/0), close(out), stop(Keepalive/out), failed(hold-timer-expired), arm(ConnectRetry), OpenConfirm->Active
TimerExpired(Keepalive/out): send(out KEEPALIVE), arm(Keepalive/out)
TcpFailed(out): close(out), stop(Hold/out), stop(Keepalive/out), failed(tcp-closed), arm(ConnectRetry), OpenConfirm->Active
OpenReceived(out): send(out NOTIFICATION 5/2), close(out), stop(Hold/out), stop(Keepalive/out), failed(fsm-error-open-confirm), arm(IdleHold), OpenConfirm->Idle
KeepaliveReceived(out): arm(Hold/out), arm(SendHold/out), arm(Stable), up(out), OpenConfirm->Established
UpdateReceived(out): send(out NOTIFICATION 5/2), close(out), stop(Hold/out), stop(Keepalive/out), failed(fsm-error-open-confirm), arm(IdleHold), OpenConfirm->Idle
RouteRefreshReceived(out): send(out NOTIFICATION 5/2), close(out), stop(Hold/out), stop(Keepalive/out), failed(fsm-error-open-confirm), arm(IdleHold), OpenConfirm->Idle
NotificationReceived(out 6/2): close(out), stop(Hold/out), stop(Keepalive/out), failed(notification-received), arm(ConnectRetry), OpenConfirm->Active
NotificationReceived(out 6/7): close(out), stop(Hold/out), stop(Keepalive/out), failed(notification-received), arm(ConnectRetry), OpenConfirm->Active
NotificationReceived(out 2/2): close(out), stop(Hold/out), stop(Keepalive/out), failed(notification-received), arm(IdleHold), OpenConfirm->Idle
MessageError(out 1/2): send(out NOTIFICATION 1/2), close(out), stop(Hold/out), stop(Keepalive/out), failed(header-bad-length), arm(IdleHold), OpenConfirm->Idle
TcpConnected(in): send(in OPEN), arm(Hold/in)

## Established out
ManualStop: send(out NOTIFICATION 6/2), close(out), stop(Hold/out), stop(Keepalive/out), stop(SendHold/out), stop(Stable), down(admin-shutdown), Established->Idle
Reset: send(out NOTIFICATION 6/4), close(out), stop(Hold/out), stop(Keepalive/out), stop(SendHold/out), stop(Stable), down(admin-reset), arm(ConnectRetry), Established->Active
LinkLost: close(out), stop(Hold/out), stop(Keepalive/out), stop(SendHold/out), stop(Stable), down(link-down), arm(ConnectRetry), Established->Active
IncomingOffered: send(out KEEPALIVE), refuse(NOTIFICATION 6/7)
LocalError(6/1): send(out NOTIFICATION 6/1), close(out), stop(Hold/out), stop(Keepalive/out), stop(SendHold/out), stop(Stable), down(cease-max-prefixes), arm(IdleHold), Established->Idle
TimerExpired(Hold/out): send(out NOTIFICATION 4/0), close(out), stop(Keepalive/out), stop(SendHold/out), stop(Stable), down(hold-timer-expired), arm(ConnectRetry), Established->Active
TimerExpired(Keepalive/out): send(out KEEPALIVE), arm(Keepalive/out)
TimerExpired(SendHold/out): send(out NOTIFICATION 8/0), close(out), stop(Hold/out), stop(Keepalive/out), stop(Stable), down(send-hold-timer-expired), arm(ConnectRetry), Established->Active
TcpFailed(out): close(out), stop(Hold/out), stop(Keepalive/out), stop(SendHold/out), stop(Stable), down(tcp-closed), arm(ConnectRetry), Established->Active
OpenReceived(out): send(out NOTIFICATION 5/3), close(out), stop(Hold/out), stop(Keepalive/out), stop(SendHold/out), stop(Stable), down(fsm-error-established), arm(IdleHold), Established->Idle
KeepaliveReceived(out): arm(Hold/out)
UpdateReceived(out): arm(Hold/out)
RouteRefreshReceived(out): arm(Hold/out)
NotificationReceived(out 6/2): close(out), stop(Hold/out), stop(Keepalive/out), stop(SendHold/out), stop(Stable), down(notification-received), arm(ConnectRetry), Established->Active
NotificationReceived(out 6/7): close(out), stop(Hold/out), stop(Keepalive/out), stop(SendHold/out), stop(Stable), down(notification-received), arm(ConnectRetry), Established->Active
NotificationReceived(out 2/2): close(out), stop(Hold/out), stop(Keepalive/out), stop(SendHold/out), stop(Stable), down(notification-received), arm(IdleHold), Established->Idle
MessageError(out 1/2): send(out NOTIFICATION 1/2), close(out), stop(Hold/out), stop(Keepalive/out), stop(SendHold/out), stop(Stable), down(header-bad-length), arm(IdleHold), Established->Idle
MessageSent(out): arm(SendHold/out)
TcpConnected(in): close(in)

## OpenSent in, Connect out
ManualStop: close(out), stop(ConnectRetry), send(in NOTIFICATION 6/2), close(in), stop(Hold/in), OpenSent->Idle
Reset: close(out), stop(ConnectRetry), send(in NOTIFICATION 6/4), close(in), stop(Hold/in), arm(ConnectRetry), OpenSent->Active
LinkLost: close(in), stop(Hold/in), failed(link-down), OpenSent->Connect
IncomingOffered: send(in NOTIFICATION 6/7), close(in), stop(Hold/in), failed(peer-dialled-again), accept, OpenSent->Connect
TimerExpired(ConnectRetry): close(out), failed(connect-failed), dial, arm(ConnectRetry)
TcpConnected(out): stop(ConnectRetry), send(out OPEN), arm(Hold/out)
TcpFailed(out): stop(ConnectRetry), failed(connect-failed), arm(ConnectRetry)
TimerExpired(Hold/in): send(in NOTIFICATION 4/0), close(in), failed(hold-timer-expired), OpenSent->Connect
TcpFailed(in): close(in), stop(Hold/in), failed(tcp-closed), OpenSent->Connect
OpenReceived(in): close(out), stop(ConnectRetry), send(in KEEPALIVE), arm(Hold/in), arm(Keepalive/in), OpenSent->OpenConfirm
KeepaliveReceived(in): send(in NOTIFICATION 5/1), close(in), stop(Hold/in), failed(fsm-error-open-sent), close(out), stop(ConnectRetry), arm(IdleHold), OpenSent->Idle
UpdateReceived(in): send(in NOTIFICATION 5/1), close(in), stop(Hold/in), failed(fsm-error-open-sent), close(out), stop(ConnectRetry), arm(IdleHold), OpenSent->Idle
RouteRefreshReceived(in): send(in NOTIFICATION 5/1), close(in), stop(Hold/in), failed(fsm-error-open-sent), close(out), stop(ConnectRetry), arm(IdleHold), OpenSent->Idle
NotificationReceived(in 6/2): close(in), stop(Hold/in), failed(notification-received), OpenSent->Connect
NotificationReceived(in 6/7): close(in), stop(Hold/in), failed(notification-received), OpenSent->Connect
NotificationReceived(in 2/2): close(in), stop(Hold/in), failed(notification-received), close(out), stop(ConnectRetry), arm(IdleHold), OpenSent->Idle
MessageError(in 1/2): send(in NOTIFICATION 1/2), close(in), stop(Hold/in), failed(header-bad-length), close(out), stop(ConnectRetry), arm(IdleHold), OpenSent->Idle

## OpenConfirm in
ManualStop: send(in NOTIFICATION 6/2), close(in), stop(Hold/in), stop(Keepalive/in), OpenConfirm->Idle
Reset: send(in NOTIFICATION 6/4), close(in), stop(Hold/in), stop(Keepalive/in), arm(ConnectRetry), OpenConfirm->Active
LinkLost: close(in), stop(Hold/in), stop(Keepalive/in), failed(link-down), arm(ConnectRetry), OpenConfirm->Active
IncomingOffered: send(in NOTIFICATION 6/7), close(in), stop(Hold/in), stop(Keepalive/in), failed(peer-dialled-again), arm(ConnectRetry), accept, OpenConfirm->Active
TcpConnected(out): close(out)
TimerExpired(Hold/in): send(in NOTIFICATION 4/0), close(in), stop(Keepalive/in), failed(hold-timer-expired), arm(ConnectRetry), OpenConfirm->Active
TimerExpired(Keepalive/in): send(in KEEPALIVE), arm(Keepalive/in)
TcpFailed(in): close(in), stop(Hold/in), stop(Keepalive/in), failed(tcp-closed), arm(ConnectRetry), OpenConfirm->Active
OpenReceived(in): send(in NOTIFICATION 5/2), close(in), stop(Hold/in), stop(Keepalive/in), failed(fsm-error-open-confirm), arm(IdleHold), OpenConfirm->Idle
KeepaliveReceived(in): arm(Hold/in), arm(SendHold/in), arm(Stable), up(in), OpenConfirm->Established
UpdateReceived(in): send(in NOTIFICATION 5/2), close(in), stop(Hold/in), stop(Keepalive/in), failed(fsm-error-open-confirm), arm(IdleHold), OpenConfirm->Idle
RouteRefreshReceived(in): send(in NOTIFICATION 5/2), close(in), stop(Hold/in), stop(Keepalive/in), failed(fsm-error-open-confirm), arm(IdleHold), OpenConfirm->Idle
NotificationReceived(in 6/2): close(in), stop(Hold/in), stop(Keepalive/in), failed(notification-received), arm(ConnectRetry), OpenConfirm->Active
NotificationReceived(in 6/7): close(in), stop(Hold/in), stop(Keepalive/in), failed(notification-received), arm(ConnectRetry), OpenConfirm->Active
NotificationReceived(in 2/2): close(in), stop(Hold/in), stop(Keepalive/in), failed(notification-received), arm(IdleHold), OpenConfirm->Idle
MessageError(in 1/2): send(in NOTIFICATION 1/2), close(in), stop(Hold/in), stop(Keepalive/in), failed(header-bad-length), arm(IdleHold), OpenConfirm->Idle

## Established in
ManualStop: send(in NOTIFICATION 6/2), close(in), stop(Hold/in), stop(Keepalive/in), stop(SendHold/in), stop(Stable), down(admin-shutdown), Established->Idle
Reset: send(in NOTIFICATION 6/4), close(in), stop(Hold/in), stop(Keepalive/in), stop(SendHold/in), stop(Stable), down(admin-reset), arm(ConnectRetry), Established->Active
LinkLost: close(in), stop(Hold/in), stop(Keepalive/in), stop(SendHold/in), stop(Stable), down(link-down), arm(ConnectRetry), Established->Active
IncomingOffered: send(in KEEPALIVE), refuse(NOTIFICATION 6/7)
LocalError(6/1): send(in NOTIFICATION 6/1), close(in), stop(Hold/in), stop(Keepalive/in), stop(SendHold/in), stop(Stable), down(cease-max-prefixes), arm(IdleHold), Established->Idle
TcpConnected(out): close(out)
TimerExpired(Hold/in): send(in NOTIFICATION 4/0), close(in), stop(Keepalive/in), stop(SendHold/in), stop(Stable), down(hold-timer-expired), arm(ConnectRetry), Established->Active
TimerExpired(Keepalive/in): send(in KEEPALIVE), arm(Keepalive/in)
TimerExpired(SendHold/in): send(in NOTIFICATION 8/0), close(in), stop(Hold/in), stop(Keepalive/in), stop(Stable), down(send-hold-timer-expired), arm(ConnectRetry), Established->Active
TcpFailed(in): close(in), stop(Hold/in), stop(Keepalive/in), stop(SendHold/in), stop(Stable), down(tcp-closed), arm(ConnectRetry), Established->Active
OpenReceived(in): send(in NOTIFICATION 5/3), close(in), stop(Hold/in), stop(Keepalive/in), stop(SendHold/in), stop(Stable), down(fsm-error-established), arm(IdleHold), Established->Idle
KeepaliveReceived(in): arm(Hold/in)
UpdateReceived(in): arm(Hold/in)
RouteRefreshReceived(in): arm(Hold/in)
NotificationReceived(in 6/2): close(in), stop(Hold/in), stop(Keepalive/in), stop(SendHold/in), stop(Stable), down(notification-received), arm(ConnectRetry), Established->Active
NotificationReceived(in 6/7): close(in), stop(Hold/in), stop(Keepalive/in), stop(SendHold/in), stop(Stable), down(notification-received), arm(ConnectRetry), Established->Active
NotificationReceived(in 2/2): close(in), stop(Hold/in), stop(Keepalive/in), stop(SendHold/in), stop(Stable), down(notification-received), arm(IdleHold), Established->Idle
MessageError(in 1/2): send(in NOTIFICATION 1/2), close(in), stop(Hold/in), stop(Keepalive/in), stop(SendHold/in), stop(Stable), down(header-bad-length), arm(IdleHold), Established->Idle
MessageSent(in): arm(SendHold/in)

## OpenSent in, OpenSent out
ManualStop: send(out NOTIFICATION 6/2), close(out), stop(Hold/out), send(in NOTIFICATION 6/2), close(in), stop(Hold/in), OpenSent->Idle
Reset: send(out NOTIFICATION 6/4), close(out), stop(Hold/out), send(in NOTIFICATION 6/4), close(in), stop(Hold/in), arm(ConnectRetry), OpenSent->Active
LinkLost: close(out), stop(Hold/out), failed(link-down), arm(ConnectRetry), close(in), stop(Hold/in), failed(link-down), OpenSent->Active
IncomingOffered: send(in NOTIFICATION 6/7), close(in), stop(Hold/in), failed(peer-dialled-again), accept
TimerExpired(Hold/out): send(out NOTIFICATION 4/0), close(out), failed(hold-timer-expired), arm(ConnectRetry)
TcpFailed(out): close(out), stop(Hold/out), failed(tcp-closed), arm(ConnectRetry)
OpenReceived(out): arm(Hold/out), arm(Collision), OpenSent->OpenConfirm
KeepaliveReceived(out): send(out NOTIFICATION 5/1), close(out), stop(Hold/out), failed(fsm-error-open-sent), arm(ConnectRetry)
UpdateReceived(out): send(out NOTIFICATION 5/1), close(out), stop(Hold/out), failed(fsm-error-open-sent), arm(ConnectRetry)
RouteRefreshReceived(out): send(out NOTIFICATION 5/1), close(out), stop(Hold/out), failed(fsm-error-open-sent), arm(ConnectRetry)
NotificationReceived(out 6/2): close(out), stop(Hold/out), failed(notification-received), arm(ConnectRetry)
NotificationReceived(out 6/7): close(out), stop(Hold/out)
NotificationReceived(out 2/2): close(out), stop(Hold/out), failed(notification-received), arm(ConnectRetry)
MessageError(out 1/2): send(out NOTIFICATION 1/2), close(out), stop(Hold/out), failed(header-bad-length), arm(ConnectRetry)
TimerExpired(Hold/in): send(in NOTIFICATION 4/0), close(in), failed(hold-timer-expired)
TcpFailed(in): close(in), stop(Hold/in), failed(tcp-closed)
OpenReceived(in): send(in KEEPALIVE), arm(Hold/in), arm(Keepalive/in), OpenSent->OpenConfirm
KeepaliveReceived(in): send(in NOTIFICATION 5/1), close(in), stop(Hold/in), failed(fsm-error-open-sent)
UpdateReceived(in): send(in NOTIFICATION 5/1), close(in), stop(Hold/in), failed(fsm-error-open-sent)
RouteRefreshReceived(in): send(in NOTIFICATION 5/1), close(in), stop(Hold/in), failed(fsm-error-open-sent)
NotificationReceived(in 6/2): close(in), stop(Hold/in), failed(notification-received)
NotificationReceived(in 6/7): close(in), stop(Hold/in)
NotificationReceived(in 2/2): close(in), stop(Hold/in), failed(notification-received)
MessageError(in 1/2): send(in NOTIFICATION 1/2), close(in), stop(Hold/in), failed(header-bad-length)

## OpenSent in, OpenConfirm out held
ManualStop: send(out NOTIFICATION 6/2), close(out), stop(Hold/out), send(in NOTIFICATION 6/2), close(in), stop(Hold/in), stop(Collision), OpenConfirm->Idle
Reset: send(out NOTIFICATION 6/4), close(out), stop(Hold/out), send(in NOTIFICATION 6/4), close(in), stop(Hold/in), arm(ConnectRetry), stop(Collision), OpenConfirm->Active
LinkLost: close(out), stop(Hold/out), failed(link-down), arm(ConnectRetry), close(in), stop(Hold/in), failed(link-down), stop(Collision), OpenConfirm->Active
IncomingOffered: send(in NOTIFICATION 6/7), close(in), stop(Hold/in), failed(peer-dialled-again), accept, send(out KEEPALIVE), arm(Keepalive/out), stop(Collision)
TimerExpired(Collision): send(in NOTIFICATION 6/7), close(in), stop(Hold/in), send(out KEEPALIVE), arm(Keepalive/out)
TimerExpired(Hold/out): send(out NOTIFICATION 4/0), close(out), failed(hold-timer-expired), arm(ConnectRetry), stop(Collision), OpenConfirm->OpenSent
TcpFailed(out): close(out), stop(Hold/out), failed(tcp-closed), arm(ConnectRetry), stop(Collision), OpenConfirm->OpenSent
OpenReceived(out): send(out NOTIFICATION 5/2), close(out), stop(Hold/out), failed(fsm-error-open-confirm), arm(ConnectRetry), stop(Collision), OpenConfirm->OpenSent
KeepaliveReceived(out): arm(Hold/out)
UpdateReceived(out): send(out NOTIFICATION 5/2), close(out), stop(Hold/out), failed(fsm-error-open-confirm), arm(ConnectRetry), stop(Collision), OpenConfirm->OpenSent
RouteRefreshReceived(out): send(out NOTIFICATION 5/2), close(out), stop(Hold/out), failed(fsm-error-open-confirm), arm(ConnectRetry), stop(Collision), OpenConfirm->OpenSent
NotificationReceived(out 6/2): close(out), stop(Hold/out), failed(notification-received), arm(ConnectRetry), stop(Collision), OpenConfirm->OpenSent
NotificationReceived(out 6/7): close(out), stop(Hold/out), stop(Collision), OpenConfirm->OpenSent
NotificationReceived(out 2/2): close(out), stop(Hold/out), failed(notification-received), arm(ConnectRetry), stop(Collision), OpenConfirm->OpenSent
MessageError(out 1/2): send(out NOTIFICATION 1/2), close(out), stop(Hold/out), failed(header-bad-length), arm(ConnectRetry), stop(Collision), OpenConfirm->OpenSent
TimerExpired(Hold/in): send(in NOTIFICATION 4/0), close(in), failed(hold-timer-expired), send(out KEEPALIVE), arm(Keepalive/out), stop(Collision)
TcpFailed(in): close(in), stop(Hold/in), failed(tcp-closed), send(out KEEPALIVE), arm(Keepalive/out), stop(Collision)
OpenReceived(in): send(out NOTIFICATION 6/7), close(out), stop(Hold/out), send(in KEEPALIVE), arm(Hold/in), arm(Keepalive/in), stop(Collision)
KeepaliveReceived(in): send(in NOTIFICATION 5/1), close(in), stop(Hold/in), failed(fsm-error-open-sent), send(out KEEPALIVE), arm(Keepalive/out), stop(Collision)
UpdateReceived(in): send(in NOTIFICATION 5/1), close(in), stop(Hold/in), failed(fsm-error-open-sent), send(out KEEPALIVE), arm(Keepalive/out), stop(Collision)
RouteRefreshReceived(in): send(in NOTIFICATION 5/1), close(in), stop(Hold/in), failed(fsm-error-open-sent), send(out KEEPALIVE), arm(Keepalive/out), stop(Collision)
NotificationReceived(in 6/2): close(in), stop(Hold/in), failed(notification-received), send(out KEEPALIVE), arm(Keepalive/out), stop(Collision)
NotificationReceived(in 6/7): close(in), stop(Hold/in), send(out KEEPALIVE), arm(Keepalive/out), stop(Collision)
NotificationReceived(in 2/2): close(in), stop(Hold/in), failed(notification-received), send(out KEEPALIVE), arm(Keepalive/out), stop(Collision)
MessageError(in 1/2): send(in NOTIFICATION 1/2), close(in), stop(Hold/in), failed(header-bad-length), send(out KEEPALIVE), arm(Keepalive/out), stop(Collision)

## OpenSent in, OpenConfirm out
ManualStop: send(out NOTIFICATION 6/2), close(out), stop(Hold/out), stop(Keepalive/out), send(in NOTIFICATION 6/2), close(in), stop(Hold/in), OpenConfirm->Idle
Reset: send(out NOTIFICATION 6/4), close(out), stop(Hold/out), stop(Keepalive/out), send(in NOTIFICATION 6/4), close(in), stop(Hold/in), arm(ConnectRetry), OpenConfirm->Active
LinkLost: close(out), stop(Hold/out), stop(Keepalive/out), failed(link-down), arm(ConnectRetry), close(in), stop(Hold/in), failed(link-down), OpenConfirm->Active
IncomingOffered: send(in NOTIFICATION 6/7), close(in), stop(Hold/in), failed(peer-dialled-again), accept
TimerExpired(Hold/out): send(out NOTIFICATION 4/0), close(out), stop(Keepalive/out), failed(hold-timer-expired), arm(ConnectRetry), OpenConfirm->OpenSent
TimerExpired(Keepalive/out): send(out KEEPALIVE), arm(Keepalive/out)
TcpFailed(out): close(out), stop(Hold/out), stop(Keepalive/out), failed(tcp-closed), arm(ConnectRetry), OpenConfirm->OpenSent
OpenReceived(out): send(out NOTIFICATION 5/2), close(out), stop(Hold/out), stop(Keepalive/out), failed(fsm-error-open-confirm), arm(ConnectRetry), OpenConfirm->OpenSent
KeepaliveReceived(out): send(in NOTIFICATION 6/7), close(in), stop(Hold/in), arm(Hold/out), arm(SendHold/out), arm(Stable), up(out), OpenConfirm->Established
UpdateReceived(out): send(out NOTIFICATION 5/2), close(out), stop(Hold/out), stop(Keepalive/out), failed(fsm-error-open-confirm), arm(ConnectRetry), OpenConfirm->OpenSent
RouteRefreshReceived(out): send(out NOTIFICATION 5/2), close(out), stop(Hold/out), stop(Keepalive/out), failed(fsm-error-open-confirm), arm(ConnectRetry), OpenConfirm->OpenSent
NotificationReceived(out 6/2): close(out), stop(Hold/out), stop(Keepalive/out), failed(notification-received), arm(ConnectRetry), OpenConfirm->OpenSent
NotificationReceived(out 6/7): close(out), stop(Hold/out), stop(Keepalive/out), OpenConfirm->OpenSent
NotificationReceived(out 2/2): close(out), stop(Hold/out), stop(Keepalive/out), failed(notification-received), arm(ConnectRetry), OpenConfirm->OpenSent
MessageError(out 1/2): send(out NOTIFICATION 1/2), close(out), stop(Hold/out), stop(Keepalive/out), failed(header-bad-length), arm(ConnectRetry), OpenConfirm->OpenSent
TimerExpired(Hold/in): send(in NOTIFICATION 4/0), close(in), failed(hold-timer-expired)
TcpFailed(in): close(in), stop(Hold/in), failed(tcp-closed)
OpenReceived(in): arm(Hold/in), arm(Collision)
KeepaliveReceived(in): send(in NOTIFICATION 5/1), close(in), stop(Hold/in), failed(fsm-error-open-sent)
UpdateReceived(in): send(in NOTIFICATION 5/1), close(in), stop(Hold/in), failed(fsm-error-open-sent)
RouteRefreshReceived(in): send(in NOTIFICATION 5/1), close(in), stop(Hold/in), failed(fsm-error-open-sent)
NotificationReceived(in 6/2): close(in), stop(Hold/in), failed(notification-received)
NotificationReceived(in 6/7): close(in), stop(Hold/in)
NotificationReceived(in 2/2): close(in), stop(Hold/in), failed(notification-received)
MessageError(in 1/2): send(in NOTIFICATION 1/2), close(in), stop(Hold/in), failed(header-bad-length)

## OpenConfirm in, OpenSent out
ManualStop: send(out NOTIFICATION 6/2), close(out), stop(Hold/out), send(in NOTIFICATION 6/2), close(in), stop(Hold/in), stop(Keepalive/in), OpenConfirm->Idle
Reset: send(out NOTIFICATION 6/4), close(out), stop(Hold/out), send(in NOTIFICATION 6/4), close(in), stop(Hold/in), stop(Keepalive/in), arm(ConnectRetry), OpenConfirm->Active
LinkLost: close(out), stop(Hold/out), failed(link-down), close(in), stop(Hold/in), stop(Keepalive/in), failed(link-down), arm(ConnectRetry), OpenConfirm->Active
IncomingOffered: send(in NOTIFICATION 6/7), close(in), stop(Hold/in), stop(Keepalive/in), failed(peer-dialled-again), accept, OpenConfirm->OpenSent
TimerExpired(Hold/out): send(out NOTIFICATION 4/0), close(out), failed(hold-timer-expired)
TcpFailed(out): close(out), stop(Hold/out), failed(tcp-closed)
OpenReceived(out): send(out NOTIFICATION 6/7), close(out), stop(Hold/out)
KeepaliveReceived(out): send(out NOTIFICATION 5/1), close(out), stop(Hold/out), failed(fsm-error-open-sent)
UpdateReceived(out): send(out NOTIFICATION 5/1), close(out), stop(Hold/out), failed(fsm-error-open-sent)
RouteRefreshReceived(out): send(out NOTIFICATION 5/1), close(out), stop(Hold/out), failed(fsm-error-open-sent)
NotificationReceived(out 6/2): close(out), stop(Hold/out), failed(notification-received)
NotificationReceived(out 6/7): close(out), stop(Hold/out)
NotificationReceived(out 2/2): close(out), stop(Hold/out), failed(notification-received)
MessageError(out 1/2): send(out NOTIFICATION 1/2), close(out), stop(Hold/out), failed(header-bad-length)
TimerExpired(Hold/in): send(in NOTIFICATION 4/0), close(in), stop(Keepalive/in), failed(hold-timer-expired), OpenConfirm->OpenSent
TimerExpired(Keepalive/in): send(in KEEPALIVE), arm(Keepalive/in)
TcpFailed(in): close(in), stop(Hold/in), stop(Keepalive/in), failed(tcp-closed), OpenConfirm->OpenSent
OpenReceived(in): send(in NOTIFICATION 5/2), close(in), stop(Hold/in), stop(Keepalive/in), failed(fsm-error-open-confirm), OpenConfirm->OpenSent
KeepaliveReceived(in): send(out NOTIFICATION 6/7), close(out), stop(Hold/out), arm(Hold/in), arm(SendHold/in), arm(Stable), up(in), OpenConfirm->Established
UpdateReceived(in): send(in NOTIFICATION 5/2), close(in), stop(Hold/in), stop(Keepalive/in), failed(fsm-error-open-confirm), OpenConfirm->OpenSent
RouteRefreshReceived(in): send(in NOTIFICATION 5/2), close(in), stop(Hold/in), stop(Keepalive/in), failed(fsm-error-open-confirm), OpenConfirm->OpenSent
NotificationReceived(in 6/2): close(in), stop(Hold/in), stop(Keepalive/in), failed(notification-received), OpenConfirm->OpenSent
NotificationReceived(in 6/7): close(in), stop(Hold/in), stop(Keepalive/in), OpenConfirm->OpenSent
NotificationReceived(in 2/2): close(in), stop(Hold/in), stop(Keepalive/in), failed(notification-received), OpenConfirm->OpenSent
MessageError(in 1/2): send(in NOTIFICATION 1/2), close(in), stop(Hold/in), stop(Keepalive/in), failed(header-bad-length), OpenConfirm->OpenSent

## OpenConfirm in held, OpenConfirm out
ManualStop: send(out NOTIFICATION 6/2), close(out), stop(Hold/out), stop(Keepalive/out), send(in NOTIFICATION 6/2), close(in), stop(Hold/in), stop(Collision), OpenConfirm->Idle
Reset: send(out NOTIFICATION 6/4), close(out), stop(Hold/out), stop(Keepalive/out), send(in NOTIFICATION 6/4), close(in), stop(Hold/in), arm(ConnectRetry), stop(Collision), OpenConfirm->Active
LinkLost: close(out), stop(Hold/out), stop(Keepalive/out), failed(link-down), close(in), stop(Hold/in), failed(link-down), arm(ConnectRetry), stop(Collision), OpenConfirm->Active
IncomingOffered: send(in NOTIFICATION 6/7), close(in), stop(Hold/in), failed(peer-dialled-again), accept, stop(Collision)
TimerExpired(Collision): send(out NOTIFICATION 6/7), close(out), stop(Hold/out), stop(Keepalive/out), send(in KEEPALIVE), arm(Keepalive/in)
TimerExpired(Hold/out): send(out NOTIFICATION 4/0), close(out), stop(Keepalive/out), failed(hold-timer-expired), send(in KEEPALIVE), arm(Keepalive/in), stop(Collision)
TimerExpired(Keepalive/out): send(out KEEPALIVE), arm(Keepalive/out)
TcpFailed(out): close(out), stop(Hold/out), stop(Keepalive/out), failed(tcp-closed), send(in KEEPALIVE), arm(Keepalive/in), stop(Collision)
OpenReceived(out): send(out NOTIFICATION 5/2), close(out), stop(Hold/out), stop(Keepalive/out), failed(fsm-error-open-confirm), send(in KEEPALIVE), arm(Keepalive/in), stop(Collision)
KeepaliveReceived(out): send(in NOTIFICATION 6/7), close(in), stop(Hold/in), arm(Hold/out), arm(SendHold/out), arm(Stable), up(out), stop(Collision), OpenConfirm->Established
UpdateReceived(out): send(out NOTIFICATION 5/2), close(out), stop(Hold/out), stop(Keepalive/out), failed(fsm-error-open-confirm), send(in KEEPALIVE), arm(Keepalive/in), stop(Collision)
RouteRefreshReceived(out): send(out NOTIFICATION 5/2), close(out), stop(Hold/out), stop(Keepalive/out), failed(fsm-error-open-confirm), send(in KEEPALIVE), arm(Keepalive/in), stop(Collision)
NotificationReceived(out 6/2): close(out), stop(Hold/out), stop(Keepalive/out), failed(notification-received), send(in KEEPALIVE), arm(Keepalive/in), stop(Collision)
NotificationReceived(out 6/7): close(out), stop(Hold/out), stop(Keepalive/out), send(in KEEPALIVE), arm(Keepalive/in), stop(Collision)
NotificationReceived(out 2/2): close(out), stop(Hold/out), stop(Keepalive/out), failed(notification-received), send(in KEEPALIVE), arm(Keepalive/in), stop(Collision)
MessageError(out 1/2): send(out NOTIFICATION 1/2), close(out), stop(Hold/out), stop(Keepalive/out), failed(header-bad-length), send(in KEEPALIVE), arm(Keepalive/in), stop(Collision)
TimerExpired(Hold/in): send(in NOTIFICATION 4/0), close(in), failed(hold-timer-expired), stop(Collision)
TcpFailed(in): close(in), stop(Hold/in), failed(tcp-closed), stop(Collision)
OpenReceived(in): send(in NOTIFICATION 5/2), close(in), stop(Hold/in), failed(fsm-error-open-confirm), stop(Collision)
KeepaliveReceived(in): arm(Hold/in), send(out NOTIFICATION 6/7), close(out), stop(Hold/out), stop(Keepalive/out), send(in KEEPALIVE), arm(Keepalive/in), arm(Hold/in), arm(SendHold/in), arm(Stable), up(in), stop(Collision), OpenConfirm->Established
UpdateReceived(in): send(in NOTIFICATION 5/2), close(in), stop(Hold/in), failed(fsm-error-open-confirm), stop(Collision)
RouteRefreshReceived(in): send(in NOTIFICATION 5/2), close(in), stop(Hold/in), failed(fsm-error-open-confirm), stop(Collision)
NotificationReceived(in 6/2): close(in), stop(Hold/in), failed(notification-received), stop(Collision)
NotificationReceived(in 6/7): close(in), stop(Hold/in), stop(Collision)
NotificationReceived(in 2/2): close(in), stop(Hold/in), failed(notification-received), stop(Collision)
MessageError(in 1/2): send(in NOTIFICATION 1/2), close(in), stop(Hold/in), failed(header-bad-length), stop(Collision)

)table";
// clang-format on

}  // namespace podbgp::fsm::test
