# Expected values of tests/oracles/test_generalized_mixed.py.
# Run from the project's root:  Rscript tests/oracles/r/generalized_mixed.R
# It draws tests/oracles/generalized/rows.csv and writes tests/oracles/r/generalized_mixed.json.
source("tests/oracles/r/generalized_fits.R")
set.seed(20261124)
clients <- 90; therapists <- 12
first <- sample(therapists, clients, TRUE); second <- sample(therapists, clients, TRUE)
sizes <- sample(4:12, clients, TRUE)
client <- rep(seq_len(clients), sizes); session <- sequence(sizes) - 1
moved <- runif(clients) < .4
therapist <- ifelse(moved[client] & session >= 4, second[client], first[client])
n <- length(client)
severity <- round(rnorm(clients), 3)[client]; x <- round(rnorm(n), 3)
b <- cbind(rnorm(clients), rnorm(clients)) %*% chol(matrix(c(.8, .06, .06, .03), 2))
u <- rnorm(therapists, 0, .6)
eta <- -.3 + .08 * session + .5 * x - .3 * severity + b[client, 1] + b[client, 2] * session + u[therapist]
trials <- sample(2:6, n, TRUE)
rows <- data.frame(client, therapist, first = first[client], session, x, severity, trials,
  came = rbinom(n, 1, plogis(eta)), left = rbinom(n, 1, 1 - exp(-exp(eta - 1))),
  better = rbinom(n, 1, pnorm(eta)), tasks = rbinom(n, trials, plogis(eta)),
  crises = rpois(n, exp(eta - .5)), contacts = rnbinom(n, size = 1.7, mu = exp(eta)),
  rating = findInterval(eta + rlogis(n), c(-1.5, -.2, 1.1)) + 1)
write.csv(rows, "tests/oracles/generalized/rows.csv", row.names = FALSE, quote = FALSE)
rows <- read.csv("tests/oracles/generalized/rows.csv")
rows$row <- seq_len(nrow(rows))

said <- list()
say <- function(name, formula, family, found, link = NULL, quadrature = 1, trials = NULL)
  said[[length(said) + 1]] <<- Filter(Negate(is.null), c(list(name = name, formula = formula,
    family = family, link = link, quadrature = quadrature, trials = trials), found))
tmb <- function(name, text, family, word, link, trials = NULL) {
  shown <- text
  weights <- NULL
  if (!is.null(trials)) {
    text <- sub("^(\\w+) ~", "\\1 / trials ~", text)
    weights <- rows$trials
  }
  message(name)
  say(name, shown, word, by_tmb(as.formula(text), rows, family, weights), link, 1, trials)
}
fixed <- "session + x + severity"
tmb("nested_logit", paste("came ~", fixed, "+ (1|client) + (1|first)"), binomial("logit"), "binomial", "logit")
tmb("crossed_logit", paste("came ~", fixed, "+ (1|client) + (1|therapist)"), binomial("logit"), "binomial", "logit")
tmb("slopes_logit", paste("tasks ~", fixed, "+ (1+session|client) + (1|therapist)"), binomial("logit"), "binomial", "logit", "trials")
tmb("crossed_cloglog", paste("left ~", fixed, "+ (1|client) + (1|therapist)"), binomial("cloglog"), "binomial", "cloglog")
tmb("trials_cloglog", paste("tasks ~", fixed, "+ (1|client) + (1|first)"), binomial("cloglog"), "binomial", "cloglog", "trials")
tmb("crossed_probit", paste("better ~", fixed, "+ (1|client) + (1|therapist)"), binomial("probit"), "binomial", "probit")
tmb("trials_probit", paste("tasks ~", fixed, "+ (1|client) + (1|first)"), binomial("probit"), "binomial", "probit", "trials")
tmb("slopes_poisson", paste("crises ~", fixed, "+ (1+session||client) + (1|therapist)"), poisson(), "poisson", "log")
tmb("together_poisson", paste("contacts ~", fixed, "+ (1+session|client)"), poisson(), "poisson", "log")
tmb("nested_negbin", paste("contacts ~", fixed, "+ (1|client) + (1|first)"), nbinom2(), "negative-binomial", "log")
tmb("crossed_negbin", paste("contacts ~", fixed, "+ (1+session|client) + (1|therapist)"), nbinom2(), "negative-binomial", "log")
tmb("rows_poisson", paste("contacts ~", fixed, "+ (1|client) + (1|row)"), poisson(), "poisson", "log")
tmb("rows_alone_poisson", paste("contacts ~", fixed, "+ (1|row)"), poisson(), "poisson", "log")
tmb("rows_trials", paste("tasks ~", fixed, "+ (1|client) + (1|row)"), binomial("logit"), "binomial", "logit", "trials")
one <- paste("~", fixed, "+ (1|client)")
# lme4 places nodes by the expected information: for cloglog and probit the two meet at more of them.
by_nodes <- function(name, left, family, word, link, nodes, trials = NULL) {
  message(name)
  text <- paste(if (is.null(trials)) left else paste0("cbind(", left, ", trials - ", left, ")"), one)
  y <- rows[[left]]; of <- if (is.null(trials)) 1 else rows$trials
  saturated <- sum(if (word == "poisson") dpois(y, y, log = TRUE) else dbinom(y, of, y / of, log = TRUE))
  found <- by_glmer(as.formula(text), rows, family, nodes, saturated)
  say(name, paste(left, one), word, found, link, nodes, trials)
}
by_nodes("logit_15_nodes", "came", binomial("logit"), "binomial", "logit", 15)
by_nodes("trials_15_nodes", "tasks", binomial("logit"), "binomial", "logit", 15, "trials")
by_nodes("cloglog_25_nodes", "left", binomial("cloglog"), "binomial", "cloglog", 25)
by_nodes("probit_25_nodes", "better", binomial("probit"), "binomial", "probit", 25)
by_nodes("poisson_25_nodes", "crises", poisson(), "poisson", "log", 25)
message("ordinal")
ordered <- transform(rows, rating = factor(rating))
say("nested_ordinal", paste("rating ~", fixed, "+ (1|client) + (1|first)"), "ordinal",
    by_clmm(as.formula(paste("rating ~", fixed, "+ (1|client) + (1|first)")), ordered, 1), "logit")
say("crossed_ordinal", paste("rating ~", fixed, "+ (1|client) + (1|therapist)"), "ordinal",
    by_clmm(as.formula(paste("rating ~", fixed, "+ (1|client) + (1|therapist)")), ordered, 1), "logit")
say("ordinal_15_nodes", paste("rating", one), "ordinal", by_clmm(as.formula(paste("rating", one)), ordered, 15),
    "logit", 15)
written(list(r = R.version.string,
             packages = versions("lme4", "glmmTMB", "TMB", "ordinal", "numDeriv")),
        "fits", said, "tests/oracles/r/generalized_mixed.json")
