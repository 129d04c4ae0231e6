//! A handshake and one request, again and again.

use std::time::Instant;

use crate::figures::Figures;
use crate::goes_on;
use crate::lean;
use crate::plan::Plan;
use crate::saturate::joined;
use crate::terminal::is_resumed;

pub(crate) async fn again_and_again(plan: &Plan, resumed: bool) -> Figures {
    let all = (0..plan.count).map(|number| one(plan, number, resumed));
    joined(futures_util::future::join_all(all).await)
}

async fn one(plan: &Plan, number: usize, resumed: bool) -> Figures {
    let mut figures = Figures::default();
    let request = plan.request(number, 0);
    let mut terminal = plan.terminal(number).forgetful();
    let mut first = resumed;
    while goes_on(&figures, plan.time) {
        if !resumed {
            terminal = terminal.forgetful();
        }
        let begun = Instant::now();
        let answer = match terminal.connect(plan.to, plan.source(number)).await {
            Ok(tls) => {
                figures.resumed += u64::from(!first && is_resumed(&tls));
                lean::Connection::over(tls).ask(&request).await
            }
            Err(error) => Err(error),
        };
        // The first gets the session that the others resume.
        if !std::mem::take(&mut first) {
            figures.note(begun, answer);
        }
    }
    figures
}
