//! How a city begins, and how somebody joins it.

use anomaly::event::{Device, Facility, Person, User};
use model::{Profession, Timestamp};

use super::terminals::house_address;
use super::{City, House, Seat, Supported, Team, Terminal, Worker};
use crate::mix::{Mix, Trade};
use crate::rng::Rng;

/// So many share a terminal, where terminals are everybody's.
const USERS_OF_ONE_TERMINAL: u32 = 3;

impl City {
    /// A city of so many users, on the day before the first.
    #[must_use]
    pub fn found(mix: &Mix, users: u32, seed: u64) -> Self {
        let mut city = Self::default();
        let mut rng = Rng::of(seed, &[0xc17]);
        let whole: f64 = mix.profession.all().map(|(_, trade)| trade.share).sum();
        for (profession, trade) in mix.profession.all() {
            let mut left = (f64::from(users) * trade.share / whole).round() as u32;
            while left > 0 {
                let size = rng.log_normal(trade.facility_size, mix.city.facility_sigma).round().max(1.0) as u32;
                let facility = city.open_house(profession, size.min(left), mix, &mut rng);
                for _ in 0..size.min(left) {
                    city.employ(facility, trade, mix, Timestamp::MIN, &mut rng);
                }
                left -= size.min(left);
            }
        }
        for _ in 0..(f64::from(users) * mix.city.persons_per_user).round() as u32 {
            let person = city.take_in(mix, Timestamp::MIN, &mut rng);
            if rng.chance(mix.city.stopped) {
                city.stop(person, Timestamp::MIN);
            }
        }
        city.relate(mix, &mut rng);
        city
    }

    fn open_house(&mut self, profession: Profession, size: u32, mix: &Mix, rng: &mut Rng) -> Facility {
        let facility = Facility(self.houses.len() as u32);
        let neighbour =
            rng.pick(&self.houses).map(|house| house.source).filter(|_| rng.chance(mix.city.shared_address));
        let source = neighbour.unwrap_or_else(|| house_address(facility.0));
        let mut house = House { profession, users: Vec::new(), persons: Vec::new(), shared: Vec::new(), source };
        if rng.chance(mix.city.shared_terminals) {
            let count = size.div_ceil(USERS_OF_ONE_TERMINAL);
            house.shared.extend((0..count).map(|_| self.loan(facility, false, rng)));
        }
        self.houses.push(house);
        facility
    }

    /// A new terminal.
    pub fn loan(&mut self, facility: Facility, mobile: bool, rng: &mut Rng) -> Device {
        let device = Device(self.terminals.len() as u32);
        self.terminals.push(Terminal::new(facility, mobile, rng.bits()));
        device
    }

    /// A new user of a facility.
    pub fn employ(
        &mut self,
        facility: Facility,
        trade: Trade,
        mix: &Mix,
        from: Timestamp,
        rng: &mut Rng,
    ) -> Option<User> {
        let user = User(self.workers.len() as u32);
        let house = self.house(facility)?;
        let (profession, manages) = (house.profession, house.users.is_empty());
        let mobile = house.shared.is_empty() && rng.chance(trade.mobile);
        let device = match house.shared.get(house.users.len() % house.shared.len().max(1)) {
            Some(shared) => *shared,
            None => self.loan(facility, mobile, rng),
        };
        self.houses.get_mut(facility.0 as usize)?.users.push(user);
        self.workers.push(Worker {
            profession,
            facility,
            device,
            mobile,
            manages,
            city_right: profession == Profession::SupportCentre && rng.chance(mix.city.city_right),
            panel: Vec::new(),
            near: Vec::new(),
            weight: rng.log_normal(1.0, mix.city.panel_sigma),
            from,
            until: None,
            away: None,
            gone: false,
            cast: false,
            seat: Seat::default(),
        });
        Some(user)
    }

    /// A new person, with a team.
    pub fn take_in(&mut self, mix: &Mix, from: Timestamp, rng: &mut Rng) -> Person {
        let person = Person(self.persons.len() as u32);
        let mut team = Vec::new();
        for (profession, trade) in mix.profession.all() {
            if rng.chance(trade.in_team) {
                team.extend(self.team(profession, trade, from, rng));
            }
        }
        for part in &team {
            if let Some(house) = self.houses.get_mut(part.facility.0 as usize) {
                house.persons.push(person);
            }
            for user in &part.users {
                self.workers.get_mut(user.0 as usize).into_iter().for_each(|worker| worker.panel.push(person));
            }
        }
        let sensitive = rng.chance(mix.city.sensitive);
        let staff = rng.chance(mix.city.staff_persons);
        self.persons.push(Supported { team, from, known_from: from, stopped: None, sensitive, staff });
        person
    }

    /// Some of a facility of a profession, larger ones more often, and those more often who take more.
    fn team(&self, profession: Profession, trade: Trade, at: Timestamp, rng: &mut Rng) -> Option<Team> {
        let houses = (0..).map(Facility).zip(&self.houses).filter(|(_, house)| house.profession == profession);
        let facility = rng.pick_weighed(houses.map(|(facility, house)| (facility, house.users.len() as f64)))?;
        let house = self.house(facility)?;
        let mut users: Vec<User> = Vec::new();
        for _ in 0..trade.rotation {
            let others = house.users.iter().filter(|user| !users.contains(user) && self.works(**user, at));
            let weighed = others.filter_map(|user| Some((*user, self.worker(*user)?.weight)));
            users.extend(rng.pick_weighed(weighed));
        }
        (!users.is_empty()).then_some(Team { profession, facility, users })
    }

    fn relate(&mut self, mix: &Mix, rng: &mut Rng) {
        let persons = self.persons.len();
        for worker in &mut self.workers {
            if rng.chance(mix.city.relatives) {
                worker.near.push(Person(rng.below(persons) as u32));
            }
        }
    }

    /// Support of a person stops: the team stays known, and nobody reads or writes any more.
    pub fn stop(&mut self, person: Person, at: Timestamp) {
        let Some(known) = self.persons.get_mut(person.0 as usize) else { return };
        known.stopped = Some(at);
        for team in &known.team {
            for user in &team.users {
                let worker = self.workers.get_mut(user.0 as usize);
                worker.into_iter().for_each(|worker| worker.panel.retain(|other| *other != person));
            }
            let house = self.houses.get_mut(team.facility.0 as usize);
            house.into_iter().for_each(|house| house.persons.retain(|other| *other != person));
        }
    }
}
