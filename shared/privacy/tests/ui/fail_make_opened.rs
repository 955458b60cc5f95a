use std::marker::PhantomData;

use privacy::{Opened, category};

fn main() {
    let forged: Opened<category::Personal> = Opened(PhantomData);
    let granted: Opened<category::Personal> = Opened::granted();
}
