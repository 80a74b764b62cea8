"""Version 1 of the API: one blueprint that holds one for each resource.

A later version would be another package beside this one, registered under another prefix.
"""

from flask import Blueprint

from day06_project.shop.api_v1 import captchas, cart, goods, health, orders, session, users

api = Blueprint("api_v1", __name__)
api.register_blueprint(health.bp)
api.register_blueprint(captchas.bp, url_prefix="/captchas")
api.register_blueprint(users.bp, url_prefix="/users")
api.register_blueprint(session.bp, url_prefix="/session")
api.register_blueprint(goods.bp, url_prefix="/goods")
api.register_blueprint(cart.bp, url_prefix="/cart")
api.register_blueprint(orders.bp, url_prefix="/orders")
