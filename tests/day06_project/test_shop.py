"""The smallest way through the shop; each topic has a file of its own beside this one."""


def test_somebody_registers_offers_buys_and_leaves(stranger):
    assert stranger.get("/goods").json["items"] == []
    stranger.logged_in("ada")
    teapot = stranger.offer("Teapot", 2750)
    assert stranger.send("PUT", f"/cart/{teapot}", {"quantity": 2}).status_code == 201
    assert stranger.get("/cart").json == {
        "items": [{"goods_id": teapot, "name": "Teapot", "price": 2750, "quantity": 2}],
        "total": 5500,
    }
    assert stranger.send("DELETE", "/session").status_code == 204
    assert stranger.get("/cart").status_code == 401
    assert stranger.get(f"/goods/{teapot}").json["name"] == "Teapot"


def test_it_is_well_and_says_what_it_can_do(stranger):
    assert stranger.get("/health").json == {"status": "ok"}
    response = stranger.get("/openapi.json")
    assert response.mimetype == "application/json"
    assert response.json["openapi"].startswith("3.")
    response.close()
