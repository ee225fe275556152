use super::*;

const NOW: Millis = Millis(1_795_435_200_000);
/// Half way: a pause is exactly as long as it is called.
const EVEN: u8 = 128;

fn fail(health: &mut Health, times: i64, now: Millis) -> News {
    let mut last = News::default();
    for _ in 0..times {
        last = health.observe(Sign::Failed, false, Some("answered 500"), now, EVEN);
    }
    last
}

fn paused(now: Millis) -> Health {
    let mut health = Health::well(now);
    fail(&mut health, FAILURES_MAX, now);
    health
}

#[test]
fn ten_failures_in_a_row_pause_and_one_success_between_them_does_not() {
    let mut health = Health::well(NOW);
    assert_eq!(fail(&mut health, 9, NOW), News::default());
    health.observe(Sign::Arrived, false, None, NOW, EVEN);
    assert_eq!(health, Health::well(NOW));
    assert_eq!(fail(&mut health, 9, NOW).notices, []);
    assert_eq!(health.turn(NOW, 32), Turn::Go(32));
    assert_eq!(fail(&mut health, 1, NOW).notices, [Notice::Paused]);
    assert_eq!(health.last_error.as_deref(), Some("answered 500"));
    assert!(matches!(health.turn(NOW, 32), Turn::Wait(until) if until == health.until.unwrap()));
    assert_eq!(health.turn(health.until.unwrap(), 32), Turn::Probe);
    // What was under way when it was paused neither prolongs the pause nor tells of it again.
    let before = health.until;
    assert_eq!(fail(&mut health, 22, NOW).notices, []);
    assert_eq!((health.until, health.failures_in_row), (before, 32));
}

#[test]
fn a_pause_doubles_up_to_ten_minutes_and_a_success_ends_it() {
    let mut health = paused(NOW);
    let mut lengths = vec![health.pause_ms];
    let mut now = NOW;
    for _ in 0..6 {
        now = health.until.unwrap();
        health.probe(now.plus_ms(15_000));
        assert_eq!(health.turn(now, 32), Turn::Wait(now.plus_ms(15_000)), "one probe at a time");
        assert_eq!(health.observe(Sign::Failed, true, None, now, EVEN).notices, []);
        let wait_ms = health.until.unwrap().0 - now.0;
        assert!((wait_ms - health.pause_ms).abs() <= health.pause_ms / 100, "{wait_ms}");
        lengths.push(health.pause_ms);
    }
    assert_eq!(lengths, [30_000, 60_000, 120_000, 240_000, 480_000, 600_000, 600_000]);
    assert_eq!(health.observe(Sign::Arrived, true, None, now, EVEN).notices, [Notice::Resumed]);
    assert_eq!(health, Health::well(now));
    // A probe that never comes back leaves its place to the next.
    let mut health = paused(NOW);
    health.probe(NOW.plus_ms(15_000));
    assert_eq!(health.turn(NOW.plus_ms(15_000), 32), Turn::Probe);
}

#[test]
fn a_pause_is_spread_from_half_to_one_and_a_half() {
    for (jitter, expected_ms) in [(0, 15_000), (255, 45_000)] {
        let mut health = Health::well(NOW);
        fail(&mut health, 9, NOW);
        health.observe(Sign::Failed, false, None, NOW, jitter);
        assert_eq!(health.until, Some(NOW.plus_ms(expected_ms)));
    }
}

// T23.
#[test]
fn who_asks_for_time_gets_it_and_is_not_paused() {
    let mut health = Health::well(NOW);
    for wait_ms in [7_000, 3_000] {
        let news = health.observe(Sign::Busy { wait_ms }, false, Some("answered 429"), NOW, EVEN);
        assert_eq!(news, News::default());
    }
    let until = NOW.plus_ms(7_000);
    assert_eq!((health.state, health.until), (HealthState::Throttled, Some(until)));
    assert_eq!(health.turn(NOW, 32), Turn::Wait(until));
    assert_eq!(health.state_at(until), HealthState::Ok, "it ends by itself");
    assert_eq!(health.turn(until, 32), Turn::Go(4), "carefully at first");
    for _ in 0..50 {
        health.observe(Sign::Busy { wait_ms: 1_000 }, false, None, until, EVEN);
    }
    assert_eq!((health.state, health.failures_in_row), (HealthState::Throttled, 0));
    assert_eq!(health.observe(Sign::Arrived, false, None, until, EVEN), News::default());
    assert_eq!(health, Health::well(until));
    // A probe that is asked to wait keeps the pause, and waits as long as it was asked to.
    let mut health = paused(NOW);
    health.observe(Sign::Busy { wait_ms: 3_600_000 }, true, None, NOW, EVEN);
    assert_eq!(health.state, HealthState::Paused);
    assert_eq!(health.until, Some(NOW.plus_ms(3_600_000)));
}

// T23.
#[test]
fn gone_is_gone_at_once() {
    let mut health = Health::well(NOW);
    let news = health.observe(Sign::Gone, false, Some("answered 410"), NOW, EVEN);
    assert_eq!(news.switch_off, Some(SwitchedOff::Gone));
}

#[test]
fn days_of_failures_warn_first_and_switch_off_much_later() {
    let mut health = paused(NOW);
    let mut told = Vec::new();
    for hours in 1..=125 {
        let now = NOW.plus_ms(hours * HOUR_MS);
        let news = health.observe(Sign::Failed, true, None, now, EVEN);
        told.extend(news.notices.iter().map(|notice| (hours, Some(*notice))));
        if news.switch_off.is_some() {
            told.push((hours, None));
            break;
        }
    }
    assert_eq!(told, [(24, Some(Notice::Failing)), (120, None)]);
    // A failure now and one a week ago are no week of failures.
    let mut health = paused(NOW);
    let week = NOW.plus_ms(7 * 24 * HOUR_MS);
    let news = health.observe(Sign::Failed, true, None, week, EVEN);
    assert_eq!(news, News::default());
    assert_eq!(health.failing_since, Some(week));
}

#[test]
fn a_pace_is_kept_over_any_second() {
    for per_second in [1, 2, 3, 7, 50, 333, 1000] {
        let mut pace = Pace::new(per_second, 0);
        let mut sent: Vec<(i64, i64)> = Vec::new();
        for ms in 0..5_000 {
            let now = Millis(NOW.0 + ms);
            let count = pace.allowed(now, 32);
            assert!(count == 0 || pace.next_at() <= now, "{per_second}: early at {ms}");
            if count > 0 {
                pace = pace.spent(now, count);
                sent.push((ms, count));
            }
            assert!(pace.allowed(pace.next_at(), 1) == 1, "{per_second}: the next look is right");
        }
        let within = |from: i64, to: i64| -> i64 {
            sent.iter().filter(|(ms, _)| (from..to).contains(ms)).map(|(_, count)| count).sum()
        };
        for from in (0..4_000).step_by(37) {
            let most = per_second + (per_second / 10).max(1);
            assert!(within(from, from + 1_000) <= most, "{per_second} from {from}");
        }
        assert!(within(0, 5_000) >= per_second * 5 * 98 / 100, "{per_second} is reached");
    }
}

/// Numbers that look random and are always the same.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u8 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        u8::try_from((mixed ^ (mixed >> 31)) & 0xFF).unwrap()
    }
}

// T24: half of everything fails for two hours; two events a second, a limit of five a second, the
// contract's schedule, and the queue's rule that first tries go before retries.
#[test]
fn a_flapping_endpoint_sees_no_storm() {
    use crate::delivery::{RETRY_GAPS_S, Reply, SoFar, judge};
    for seed in 1..=3 {
        let (mut dice, mut health, mut pace) = (Dice(seed), Health::well(NOW), Pace::new(5, 0));
        let (mut first, mut again): (Vec<i64>, Vec<(Millis, i64)>) = (Vec::new(), Vec::new());
        let (mut pauses, mut resumes, mut per_second) = (0, 0, vec![0_i64; 7_200]);
        let (mut longest_wait_ms, mut held_ms) = (0, 0);
        for tick in 0..72_000_i64 {
            let now = NOW.plus_ms(tick * 100);
            if tick % 5 == 0 {
                first.push(now.0);
            }
            let (limit, probe) = match health.turn(now, 32) {
                Turn::Wait(_) => {
                    held_ms += 100;
                    continue;
                }
                Turn::Go(limit) => (limit, false),
                Turn::Probe => (1, true),
            };
            for _ in 0..pace.allowed(now, limit) {
                let failures = if first.is_empty() {
                    if again.first().is_none_or(|(due, _)| *due > now) {
                        break;
                    }
                    again.remove(0).1
                } else {
                    longest_wait_ms = longest_wait_ms.max(now.0 - first.remove(0));
                    0
                };
                pace = pace.spent(now, 1);
                per_second[usize::try_from(tick / 10).unwrap()] += 1;
                let status = if dice.roll() < 128 { 500 } else { 200 };
                let reply = Reply::Answered { status, retry_after_ms: None };
                let so_far = SoFar { attempt: failures + 1, failures, gaps_s: &RETRY_GAPS_S };
                let judgement = judge(reply, so_far, now, dice.roll());
                if let Some(due) = judgement.next_attempt_at {
                    let behind = again.partition_point(|(other, _)| *other <= due);
                    again.insert(behind, (due, judgement.failures));
                }
                let news = health.observe(judgement.sign, probe, None, now, dice.roll());
                pauses += news.notices.iter().filter(|it| **it == Notice::Paused).count();
                resumes += news.notices.iter().filter(|it| **it == Notice::Resumed).count();
                if health.state == HealthState::Paused {
                    break;
                }
            }
        }
        assert!(pauses > 0 && resumes + 1 >= pauses, "{seed}: {pauses} pauses, {resumes} ends");
        assert!(per_second.iter().all(|sent| *sent <= 6), "{seed}: {:?}", per_second.iter().max());
        // Only the pauses hold a first try up, whatever else is to be tried again.
        assert!(longest_wait_ms <= held_ms, "{seed}: {longest_wait_ms} ms of {held_ms} ms");
        let waiting_ms = i64::try_from(first.len()).unwrap() * 500;
        assert!(waiting_ms <= held_ms, "{seed}: {waiting_ms} ms of {held_ms} ms");
    }
}

// T25: ten thousand endpoints fail together for two hours, then take everything. Each has something
// due all the time, so the pauses alone say when it is asked.
#[test]
fn those_who_failed_together_do_not_come_back_together() {
    const ENDPOINTS: u64 = 10_000;
    const OUTAGE_MS: i64 = 2 * HOUR_MS;
    let mut dice = Dice(25);
    let mut asked = [0_i64; 60];
    let mut back = [0_i64; 20];
    for _ in 0..ENDPOINTS {
        let mut health = Health::well(NOW);
        for _ in 0..FAILURES_MAX {
            health.observe(Sign::Failed, false, None, NOW, dice.roll());
        }
        loop {
            let at = health.until.unwrap();
            let since_ms = at.0 - NOW.0;
            if since_ms >= OUTAGE_MS {
                let minute = usize::try_from((since_ms - OUTAGE_MS) / 60_000).unwrap();
                back[minute] += 1;
                break;
            }
            if since_ms >= HOUR_MS {
                asked[usize::try_from((since_ms - HOUR_MS) / 60_000).unwrap()] += 1;
            }
            health.observe(Sign::Failed, true, None, at, dice.roll());
        }
    }
    let mean = asked.iter().sum::<i64>() / 60;
    let peak = *asked.iter().max().unwrap();
    assert!(peak * 2 <= mean * 3, "while it lasts: {peak} in a minute, {mean} on average");
    // All are back within the longest pause, and no minute sees half as much again as the mean of
    // the ten minutes that a pause takes on average.
    assert_eq!(back[15..].iter().sum::<i64>(), 0);
    let peak = *back.iter().max().unwrap();
    assert!(peak * 2 <= 1_000 * 3, "when it ends: {peak} in a minute");
}
